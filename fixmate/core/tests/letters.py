"""Reading mails as people do, and having templates that miss something fail."""

import re
from html.parser import HTMLParser

from django.template import engines
from django.utils.translation import trans_real

PSEUDO = "en-xa"
_ASCII = {ord(letter): ord(letter) + 0xFEE0 for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"}
_PLACEHOLDERS = re.compile(r"(%\(\w+\)[sd]|{\w+})")


class _Reader(HTMLParser):
    UNSEEN = ("style", "title")

    def __init__(self):
        super().__init__()
        self.words, self.tags, self._unseen = [], [], False

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._unseen = tag in self.UNSEEN

    def handle_endtag(self, tag):
        self._unseen = False

    def handle_data(self, data):
        if not self._unseen:
            self.words += data.split()


def seen(html: str) -> str:
    """The words people read, the preheader first."""
    reader = _Reader()
    reader.feed(html)
    return " ".join(reader.words)


def tags(html: str) -> list[tuple[str, dict]]:
    reader = _Reader()
    reader.feed(html)
    return reader.tags


def paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("\n\n")]


def html_of(mail) -> str:
    """The HTML part of a sent mail."""
    [part] = mail.alternatives
    assert part.mimetype == "text/html"
    return part.content


class _Missing(str):
    """What Django shows for a variable that is not there: nothing, but an error."""

    def __contains__(self, item):
        return True

    def __mod__(self, name):
        raise AssertionError(f"the template has no {name}")


def forbid_missing_variables(patch) -> None:
    patch.setattr(engines["django"].engine, "string_if_invalid", _Missing("%s"))


class _Pseudo:
    """A language that writes every letter of a message fullwidth; what is still ASCII was never translated."""

    def gettext(self, message):
        return "".join(
            part if number % 2 else part.translate(_ASCII)
            for number, part in enumerate(_PLACEHOLDERS.split(message.rpartition("\x04")[2]))
        )

    def ngettext(self, singular, plural, number):
        return self.gettext(singular if number == 1 else plural)

    def to_language(self):
        return PSEUDO


def speak_pseudo(patch, settings) -> None:
    patch.setitem(trans_real._translations, PSEUDO, _Pseudo())
    settings.NEWS_LANGUAGE = PSEUDO
