import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fixmate.settings")
django.setup(set_prefix=False)


class Request(WSGIRequest):
    """Reads everything as UTF-8, whatever charset the client names.

    Django reads the query string again in that charset while it makes the request: outside of all that answers errors.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))


class Handler(WSGIHandler):
    request_class = Request


application = Handler()
