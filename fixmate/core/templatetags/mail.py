"""What the body of a mail is built of. Each part is made twice, as HTML and as text, by what the layout asks for.

Styles stand in the elements because many mail clients drop style sheets; the classes are for dark mode alone.
"""

import textwrap

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import mark_safe

register = template.Library()

_WIDTH = 76
_PARAGRAPH = '<p class="ink" style="margin:0 0 16px;font-size:16px;line-height:24px;color:#1f2933">{}</p>\n'
_HIGHLIGHT = (
    '<p class="ink plate" style="margin:8px 0 24px;padding:16px;border-radius:8px;background-color:#eef2f6;'
    "font-family:Menlo,Consolas,monospace;font-size:28px;line-height:36px;letter-spacing:4px;text-align:center;"
    'color:#1f2933">{}</p>\n'
)
_BUTTON = (
    '<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:8px 0 24px"><tr>'
    '<td style="border-radius:8px;background-color:#0b5c9e"><a href="{}" style="display:inline-block;padding:12px 24px;'
    'font-size:16px;line-height:24px;font-weight:bold;color:#ffffff;text-decoration:none">{}</a></td></tr></table>\n'
)


@register.simple_block_tag(takes_context=True)
def paragraph(context: Context, content: str) -> str:
    """Text is wrapped, and loses its own line breaks: what people typed cannot look like a part of the mail."""
    if context["is_html"]:
        return format_html(_PARAGRAPH, content)
    lines = textwrap.fill(" ".join(content.split()), _WIDTH, break_long_words=False, break_on_hyphens=False)
    return _as_is(f"\n\n{lines}\n\n")


@register.simple_tag(takes_context=True)
def highlight(context: Context, value: str) -> str:
    """Show a code. In the text it stands alone on its line, where people and programs find it."""
    return format_html(_HIGHLIGHT, value) if context["is_html"] else _as_is(f"\n\n{value}\n\n")


@register.simple_tag(takes_context=True)
def button(context: Context, url: str, label: str) -> str:
    return format_html(_BUTTON, url, label) if context["is_html"] else _as_is(f"\n\n{label}: {url}\n\n")


def _as_is(text: str) -> str:
    return mark_safe(text)  # noqa: S308 - plain text, which nothing escapes
