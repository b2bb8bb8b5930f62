"""What holds for every mail and SMS there is."""

import re
import string

import pytest
from django.conf import settings
from django.core.management import call_command

from accounts import examples as accounts
from fixmate.core.mail import mail_render
from fixmate.core.sms import sms_render
from fixmate.core.tests.letters import forbid_missing_variables, paragraphs, seen, speak_pseudo, tags
from fixmate.tests import messages
from notifications import examples as notifications
from notifications.enums import Kind
from notifications.texts import body_of, title_of

SUPPORT, APP = "help@example.org", "https://app.example.org/open"
MAILS = sorted({**accounts.MAILS, **notifications.mails()})
_GSM = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ÄÖÑÜ§¿äöñüà" + string.ascii_letters
_GSM_TWICE = "^{}\\[~]|€"
# What people called things, codes of currencies and UTC are the same in every language.
_DATA = {"Leaking", "tap", "Tomas", "Ada", "The", "photo", "is", "blurred", "USD", "UTC", "FixMate", "Open", "Google"}
_DATA |= set(re.findall(r"[A-Za-z]+", SUPPORT))


@pytest.fixture(autouse=True)
def _nothing_missing(monkeypatch, settings):
    settings.SUPPORT_EMAIL, settings.APP_URL = SUPPORT, APP
    forbid_missing_variables(monkeypatch)


def rendered(name):
    return mail_render(*{**accounts.MAILS, **notifications.mails()}[name])


def _templates(kind):
    folders = settings.BASE_DIR.glob(f"*/templates/*/{kind}")
    return {str(path.relative_to(path.parents[2]).with_suffix("")) for folder in folders for path in folder.iterdir()}


def test_every_template_has_an_example():
    assert {template for template, _ in {**accounts.MAILS, **notifications.mails()}.values()} == _templates("mail")
    assert {template for template, _ in accounts.SMS.values()} == _templates("sms")


def test_nothing_sends_mail_past_the_one_place():
    senders = {path for path in messages.sources() if path.suffix == ".py" and "django.core.mail" in path.read_text()}

    assert {str(path.relative_to(messages.ROOT)) for path in senders} == {
        "fixmate/core/mail.py",
        "fixmate/settings/files.py",  # names the backends
    }


@pytest.mark.parametrize("name", MAILS)
def test_text_says_nothing_that_html_does_not(name):
    letter = rendered(name)

    html = seen(letter.html)
    for paragraph in paragraphs(letter.text):
        assert paragraph.removesuffix(f": {APP}") in html
    assert seen(letter.html).count(letter.subject) >= 1
    assert "  " not in letter.subject
    assert letter.subject == letter.subject.strip() != ""


@pytest.mark.parametrize("name", MAILS)
def test_html_is_fit_for_mail_clients_and_screen_readers(name):
    html = rendered(name).html

    found = tags(html)
    assert found[0] == ("html", {"lang": "en", "dir": "ltr"})
    assert [attrs for tag, attrs in found if tag == "table" and attrs.get("role") != "presentation"] == []
    assert [tag for tag, _ in found if tag in ("h1", "title")] == ["title", "h1"]
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in found
    assert {attrs["href"] for tag, attrs in found if tag == "a"} <= {APP}
    assert {tag for tag, _ in found} <= {
        *("html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td", "h1", "p", "a")
    }, "no pictures, scripts or forms"
    assert not re.search(r"url\(|@import|\bsrc=|background=", html)
    assert len(html.encode()) < 20_000  # Gmail cuts at about 100 kB
    assert max(map(len, html.splitlines())) < 998  # else the file of a mail is no longer plain to read


@pytest.mark.parametrize("name", MAILS)
def test_every_word_of_a_mail_can_be_translated(name, monkeypatch, settings):
    speak_pseudo(monkeypatch, settings)

    letter = rendered(name)

    for part in (letter.subject, letter.text.replace(APP, ""), seen(letter.html)):
        assert set(re.findall(r"[A-Za-z]+", part)) - _DATA == set()
    assert re.search("[\uff21-\uff5a]", letter.subject)


@pytest.mark.parametrize("role", ["CUSTOMER", "TECHNICIAN"])
@pytest.mark.parametrize("kind", Kind)
def test_every_word_of_the_news_can_be_translated(kind, role, monkeypatch, settings):
    speak_pseudo(monkeypatch, settings)

    told = title_of(kind, notifications.FACTS) + " " + body_of(kind, notifications.FACTS, role)

    assert set(re.findall(r"[A-Za-z]+", told)) - _DATA - {"m"} == set()


# SMS


def _septets(text):
    """How long a phone network takes the text to be; an error if it needs another alphabet, of 70 characters."""
    assert set(text) <= set(_GSM + _GSM_TWICE)
    return sum(2 if letter in _GSM_TWICE else 1 for letter in text)


@pytest.mark.parametrize("language", [path.parts[-3] for path in messages.catalogues()])
@pytest.mark.parametrize("name", accounts.SMS)
def test_sms_is_paid_for_once(name, language, settings):
    settings.NEWS_LANGUAGE = language.lower().replace("_", "-")
    template, facts = accounts.SMS[name]

    text = sms_render(template, {fact: {"minutes": 1440, "code": "888888"}.get(fact, it) for fact, it in facts.items()})

    assert text.startswith("FixMate: ")
    assert _septets(text) <= 160


@pytest.mark.parametrize("name", accounts.SMS)
def test_every_word_of_an_sms_can_be_translated(name, monkeypatch, settings):
    speak_pseudo(monkeypatch, settings)

    assert set(re.findall("[A-Za-z]+", sms_render(*accounts.SMS[name]))) - {"Google"} == set()


# The command


def test_preview_mails_writes_every_one(tmp_path, capsys):
    call_command("preview_mails", str(tmp_path / "made"))

    files = {path.name: path.read_text() for path in (tmp_path / "made").iterdir()}
    assert set(files) == {f"{name}.{end}" for name in MAILS for end in ("html", "txt")} | {
        f"{name}.sms.txt" for name in accounts.SMS
    }
    assert files["accounts_code_login.txt"].startswith("Subject: Your FixMate code to log in\n\nHello,\n")
    assert files["accounts_code_login.html"].startswith("<!doctype html>")
    assert files["accounts_code_login.sms.txt"].startswith("FixMate: 123456 is your code to log in")
    assert capsys.readouterr().out.startswith(f"{len(MAILS)} mails and {len(accounts.SMS)} SMS in ")
