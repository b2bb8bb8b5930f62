"""The language FixMate speaks to people in: mails, SMS and news. What the API says of itself is English (ADR 0022)."""

from django.conf import settings
from django.utils import translation


def peoples_language() -> translation.override:
    """Return what switches to it, as a context or a decorator."""
    return translation.override(settings.NEWS_LANGUAGE)
