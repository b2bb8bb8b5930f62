"""gzip, except where its length could tell a secret (BREACH)."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from fixmate.core.api.secrets import holds_secret


class CompressionMiddleware(GZipMiddleware):
    """Compress what is worth it. An attacker who has part of an answer chosen by himself could guess a secret beside it
    from how well it compresses: tokens and start codes therefore go out as they are. Django blurs the length of the
    rest by up to a hundred random bytes.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.streaming:  # files are compressed already, and what an export holds is not looked through
            return response
        content = getattr(response, "content", b"")
        is_json = response.get("Content-Type", "").startswith("application/json")
        if is_json and holds_secret(content):
            return response
        return super().process_response(request, response)
