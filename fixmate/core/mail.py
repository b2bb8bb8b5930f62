"""Mails: the one place that makes them and hands them over. Nothing else calls Django's mail functions.

A mail is one template, from which subject, text and HTML are made, so that the parts cannot say different things:

1. Write `<app>/templates/<app>/mail/<name>.html`. It begins with `{% extends layout %}{% load i18n mail %}`, fills
   the blocks `subject`, `preheader` (the line that lists of mails show) and `body`, and builds the body of
   `{% paragraph %}`, `{% highlight code %}` and `{% button url label %}`, see `fixmate.core.templatetags.mail`. Words
   stand in `{% translate %}` or `{% blocktranslate trimmed %}`.
2. Add an example to `<app>/examples.py`: `manage.py preview_mails` and the tests of all mails take it from there.
3. `make messages`, and call `mail_send` from the task's service.
"""

import re
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import Context, Engine
from django.utils.encoding import punycode

from fixmate.core.language import peoples_language

_GAPS = re.compile(r"\n\s*\n")
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f]+")
_SUBJECT, _TEXT, _HTML = "mail/subject.txt", "mail/layout.txt", "mail/layout.html"


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says, without whom it is for."""

    subject: str
    text: str
    html: str


def mail_send(*, to: str, template: str, key: str, context: dict[str, Any]) -> None:
    """Send one mail. Reaches outside: call it with no transaction open.

    :param key: what names this mail among all: the same at each try of one sending, so that mail stores keep one of
        two; another where the content is another. Letters, digits, dots and dashes
    :raises OSError: if the mail was not taken
    :raises ValueError: if no mail can have this address
    """
    letter = mail_render(template, context)
    mail = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        to=[to],
        reply_to=[settings.SUPPORT_EMAIL] if settings.SUPPORT_EMAIL else None,
        headers={
            "Message-ID": f"<{key}@{_domain()}>",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
    )
    mail.attach_alternative(letter.html, "text/html")
    mail.send()


def mail_render(template: str, context: dict[str, Any]) -> Letter:
    """Return the mail in the language of people; values are escaped in HTML and nowhere else."""
    facts = {**context, "support_email": settings.SUPPORT_EMAIL, "app_url": settings.APP_URL}
    with peoples_language():
        subject = _BREAKS.sub(" ", _rendered(template, _SUBJECT, facts)).strip()
        text = _GAPS.sub("\n\n", _rendered(template, _TEXT, facts)).strip()
        html = _rendered(template, _HTML, {**facts, "subject": subject})
    return Letter(subject, f"{text}\n", html)


def _rendered(template: str, layout: str, facts: dict[str, Any]) -> str:
    is_html = layout == _HTML
    context = Context({**facts, "layout": layout, "is_html": is_html}, autoescape=is_html)
    return Engine.get_default().get_template(f"{template}.html").render(context)


def _domain() -> str:
    return punycode(parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2])
