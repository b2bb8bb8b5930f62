"""Private files on their way to whoever may have them."""

from typing import Any, Final

from django.conf import settings
from django.core import signing
from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpResponseRedirect
from django.http.response import HttpResponseBase
from rest_framework.negotiation import DefaultContentNegotiation

from fixmate.core.storage import LINK_SALT, private_storage

_NO_STORE: Final = "private, no-store"
PICTURES: Final = ("image/jpeg", "image/png", "image/webp")
DOCUMENTS: Final = (*PICTURES, "application/pdf")


class AnyAccept(DefaultContentNegotiation):
    """A download has one form, whatever the client says it would like; refusals are JSON."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


def private_download(file: FieldFile, *, name: str, content_type: str) -> HttpResponseBase:
    """Hand out a private file as `FILES_DOWNLOAD` says: streamed, or by a redirect to a link that is soon void.

    :raises Http404: if it was erased, or is to be streamed and the storage has lost it
    """
    if not file:
        raise Http404
    path = str(file.name)
    if settings.FILES_DOWNLOAD == "stream":
        return _streamed(path, name=name, content_type=content_type)
    address = private_storage().download_url(path, filename=name, content_type=content_type)
    return HttpResponseRedirect(address, headers={"Cache-Control": _NO_STORE, "Referrer-Policy": "no-referrer"})


def linked_download(token: str) -> FileResponse:
    """Stream the file a link of our own stands for; the link is the permission.

    :raises Http404: if it is not ours, too old, or its file is gone
    """
    try:
        path, name, content_type = signing.loads(token, salt=LINK_SALT, max_age=settings.FILES_LINK_S)
    except signing.BadSignature as exc:
        raise Http404 from exc
    return _streamed(path, name=name, content_type=content_type)


def _streamed(path: str, *, name: str, content_type: str) -> FileResponse:
    """Stream it as a download that no browser opens as a page and no cache keeps."""
    try:
        content = default_storage.open(path)
    except FileNotFoundError as exc:
        raise Http404 from exc
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": _NO_STORE,
    }
    return FileResponse(content, as_attachment=True, filename=name, content_type=content_type, headers=headers)
