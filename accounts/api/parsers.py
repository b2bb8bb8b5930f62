from typing import IO, Any

from django.conf import settings
from django.http import QueryDict
from rest_framework.parsers import BaseParser

from fixmate.core.api.parsers import BodyTooLarge, refuse_nul


class BoundedFormParser(BaseParser):
    """The form of OAuth2 clients, bounded in size as JSON is."""

    media_type = "application/x-www-form-urlencoded"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> QueryDict:
        raw = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(raw) > settings.MAX_BODY_BYTES:
            raise BodyTooLarge
        return refuse_nul(QueryDict(raw, encoding="utf-8"))
