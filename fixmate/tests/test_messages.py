"""The catalogues hold what templates and code say."""

import re

import pytest
from babel.messages.catalog import Catalog

from fixmate.core.mail import mail_render
from fixmate.core.tests.letters import tags
from fixmate.tests import messages

PLACEHOLDERS = re.compile(r"%\(\w+\)[sd]|{\w+}")


@pytest.mark.parametrize("path", messages.catalogues(), ids=lambda path: path.parts[-3])
def test_catalogue_is_up_to_date(path):
    renewed = messages.written(messages.renewed(path, messages.extracted()))

    assert path.read_bytes() == renewed, "words have changed: run `make messages` and commit what it wrote"


def test_there_is_a_catalogue_to_start_a_translation_from():
    assert "en" in {path.parts[-3] for path in messages.catalogues()}


@pytest.mark.parametrize("path", messages.catalogues(), ids=lambda path: path.parts[-3])
def test_translations_name_the_same_facts(path):
    for message in messages.renewed(path, messages.extracted()):
        sources, texts = _forms(message.id), [text for text in _forms(message.string) if text]
        for text in texts if message.id else []:
            assert set(PLACEHOLDERS.findall(text)) == set(PLACEHOLDERS.findall(sources[-1])), text


def _forms(text):
    return [text] if isinstance(text, str) else list(text)


def test_words_are_found_in_templates_and_code():
    found = messages.extracted()

    assert found["Your FixMate code"].locations == [("accounts/templates/accounts/mail/code.html", 0)]
    assert found["Open FixMate"].locations == [("notifications/templates/notifications/mail/news.html", 0)]
    assert found["{technician} takes your job"].locations == [("notifications/texts.py", 0)]
    plural = "It is good for %(minutes)s minute and works once.", "It is good for %(minutes)s minutes and works once."
    assert plural in [message.id for message in found]


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A catalogue of a language in a folder of its own, with one message translated, one new, one gone."""
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    monkeypatch.setattr(messages, "LOCALE", tmp_path)
    template = Catalog()
    for text in ("Hello,", "New"):
        template.add(text)
    monkeypatch.setattr(messages, "extracted", lambda: template)
    path = tmp_path / "de" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    return path


@pytest.mark.parametrize("is_translated", [True, False])
def test_renewing_keeps_translations_and_compiles_where_there_are_any(copy, capsys, is_translated):
    before = Catalog(locale="de")
    before.add("Hello,", "Hallo," if is_translated else "")
    before.add("Gone", "Weg")
    copy.write_bytes(messages.written(before))

    messages.main()

    after = copy.read_text()
    assert ('msgid "Hello,"\nmsgstr "Hallo,"' in after) is is_translated
    assert 'msgid "New"\nmsgstr ""' in after
    assert "Gone" not in after
    assert copy.with_suffix(".mo").exists() is is_translated
    assert capsys.readouterr().out == "de/LC_MESSAGES/django.po: 2 messages\n"


def test_mail_is_in_the_language_that_was_compiled(copy, settings):
    before = Catalog(locale="de")
    before.add("Hello,", "Hallo,")
    copy.write_bytes(messages.written(before))
    messages.main()
    settings.LOCALE_PATHS, settings.NEWS_LANGUAGE = [messages.LOCALE], "de"

    letter = mail_render("accounts/mail/password_replaced", {})

    assert letter.text.startswith("Hallo,\n\nthe password of")
    assert ("html", {"lang": "de", "dir": "ltr"}) in tags(letter.html)
