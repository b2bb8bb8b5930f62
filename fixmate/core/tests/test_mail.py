import smtplib
from email import message_from_bytes, policy
from socket import socket
from textwrap import dedent

import pytest
from aiosmtpd.controller import Controller
from django.core import mail

from fixmate.core.mail import mail_render, mail_send
from fixmate.core.sms import sms_render
from fixmate.core.tests.letters import html_of, paragraphs, seen, tags

TEMPLATE = """
    {% extends layout %}{% load i18n mail %}
    {% block subject %}{% blocktranslate %}News for {{ name }}{% endblocktranslate %}{% endblock %}
    {% block preheader %}In short{% endblock %}
    {% block body %}
    {% paragraph %}{% blocktranslate trimmed %}
      Hello {{ name }}, there is so much to say that one line of seventy-six characters does not hold it.
    {% endblocktranslate %}{% endparagraph %}
    {% highlight code %}
    {% button "https://app.example/?a=1&b=2" _("Open") %}
    {% endblock %}
"""
FACTS = {"name": "Ada", "code": "123456"}


@pytest.fixture(autouse=True)
def _template(settings, tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "news.html").write_text(dedent(TEMPLATE))
    (tmp_path / "app" / "news.txt").write_text(
        "{% load i18n %}{% blocktranslate %}Hello\n{{ name }}{% endblocktranslate %}\n"
    )
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [*engine["DIRS"], tmp_path]}]


def render(**facts):
    return mail_render("app/news", {**FACTS, **facts})


def send(key="one", **facts):
    mail_send(to="ada@example.com", template="app/news", key=key, context={**FACTS, **facts})


def test_both_parts_say_the_same():
    letter = render()

    assert letter.subject == "News for Ada"
    assert letter.text == (
        "Hello Ada, there is so much to say that one line of seventy-six characters\n"
        "does not hold it.\n\n"
        "123456\n\n"
        "Open: https://app.example/?a=1&b=2\n\n"
        "FixMate\n\n"
        "FixMate sent this mail by itself; nobody reads answers to it.\n"
    )
    assert seen(letter.html) == (
        "In short FixMate News for Ada "
        "Hello Ada, there is so much to say that one line of seventy-six characters does not hold it. "
        "123456 Open FixMate sent this mail by itself; nobody reads answers to it."
    )
    assert ("https://app.example/?a=1&b=2", "a") in [(attrs.get("href"), tag) for tag, attrs in tags(letter.html)]


def test_what_people_typed_is_no_markup_and_no_other_character_in_the_text():
    name = '<b onclick="x">Ada & "Bob"</b><!--'

    letter = render(name=name)

    assert letter.subject == f"News for {name}"
    assert name in " ".join(letter.text.split())
    assert "b" not in {tag for tag, _ in tags(letter.html)}
    assert "<!--" not in letter.html
    assert f"Hello {name}, there" in seen(letter.html)


def test_what_people_typed_is_no_tag_of_the_template():
    assert "{% now 'Y' %}{{ code }}" in render(name="{% now 'Y' %}{{ code }}").text


def test_line_breaks_in_a_name_make_no_paragraph():
    letter = render(name="Ada\n\n999999\n\nBob")

    assert [part for part in paragraphs(letter.text) if part.isdigit()] == ["123456"]


@pytest.mark.parametrize("gap", ["\n", "\r\n", "\r", "\n\n", "\x00", "\x0b", "\x85", "\u2028", "\u2029", "\t\n "])
def test_line_breaks_in_a_name_make_no_header(gap):
    send(name=f"Ada{gap}Bcc: everybody@example.com")

    [letter] = mail.outbox
    assert letter.subject == "News for Ada Bcc: everybody@example.com"
    sent = message_from_bytes(letter.message().as_bytes(), policy=policy.default)
    assert sent["Bcc"] is None
    assert sent["Subject"] == "News for Ada Bcc: everybody@example.com"


def test_line_breaks_in_an_address_are_refused():
    with pytest.raises(ValueError, match="newlines"):
        mail_send(to="ada@example.com\nBcc: b@example.com", template="app/news", key="one", context=FACTS)


def test_mail_says_that_a_machine_sent_it_and_which_one_it_is(settings):
    settings.DEFAULT_FROM_EMAIL = "FixMate <no-reply@münchen.example>"

    send(key="one")
    send(key="one")
    send(key="two")

    first, again, other = mail.outbox
    assert (first.from_email, first.to, first.reply_to) == (settings.DEFAULT_FROM_EMAIL, ["ada@example.com"], [])
    assert first.extra_headers == {
        "Message-ID": "<one@xn--mnchen-3ya.example>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    assert again.extra_headers["Message-ID"] == first.extra_headers["Message-ID"]
    assert other.extra_headers["Message-ID"] == "<two@xn--mnchen-3ya.example>"


def test_answers_go_to_the_support_where_there_is_one(settings):
    settings.SUPPORT_EMAIL = "help@fixmate.example"

    send()

    [letter] = mail.outbox
    assert letter.reply_to == ["help@fixmate.example"]
    for part in (letter.body, seen(html_of(letter))):
        assert "FixMate sent this mail by itself. Questions? Write to help@fixmate.example." in part


def test_html_names_its_language_and_direction(settings):
    settings.NEWS_LANGUAGE = "he"

    html = render().html

    assert tags(html)[0] == ("html", {"lang": "he", "dir": "rtl"})


def test_mail_that_is_a_file_can_be_read_there(settings, tmp_path):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"

    send(name="Zoë")

    [file] = (tmp_path / "mail").iterdir()
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[:1] == ["Content-Type: multipart/alternative;"]
    assert "To: ada@example.com" in lines
    assert "Hello Zoë, there is so much to say that one line of seventy-six characters" in lines
    assert lines.count("123456") == 1


class _Letters:
    """A mail server that takes everything, or answers with one refusal."""

    refusal = ""

    def __init__(self):
        self.taken = []

    async def handle_DATA(self, server, session, envelope):
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return self.refusal or "250 OK"


@pytest.fixture
def server(settings):
    handler = _Letters()
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "127.0.0.1", False
    settings.EMAIL_PORT = port
    yield handler
    controller.stop()


def test_mail_arrives_over_smtp_in_both_parts(server):
    send(name="Zoë")

    [(sender, receivers, content)] = server.taken
    letter = message_from_bytes(content, policy=policy.default)
    assert (sender, receivers) == ("no-reply@fixmate.example", ["ada@example.com"])
    assert (letter["Subject"], letter["Message-ID"]) == ("News for Zoë", "<one@fixmate.example>")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content_type() == "multipart/alternative"
    text, html = letter.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    rendered = render(name="Zoë")
    assert text.get_content().splitlines() == rendered.text.splitlines()
    assert html.get_content().splitlines() == rendered.html.splitlines()
    assert max(map(len, content.splitlines())) < 998


def test_mail_that_the_server_refuses_is_an_error(server):
    server.refusal = "554 no"

    with pytest.raises(smtplib.SMTPDataError):
        send()


def test_sms_is_one_line_and_escapes_nothing():
    assert sms_render("app/news", {"name": "<Ada> & Bob\n"}) == "Hello <Ada> & Bob"
