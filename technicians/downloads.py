from pathlib import PurePath

from django.http import FileResponse, Http404

from technicians.models import Document


def document_response(document: Document) -> FileResponse:
    """Stream the private file as a download that no browser opens as a page and no cache keeps.

    :raises Http404: if the storage has lost it
    """
    try:
        content = document.file.open("rb")
    except FileNotFoundError as exc:
        raise Http404 from exc
    name = f"{document.kind.lower()}-{document.pk}{PurePath(str(document.file.name)).suffix}"
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    return FileResponse(content, as_attachment=True, filename=name, content_type=document.content_type, headers=headers)
