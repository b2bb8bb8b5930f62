from pathlib import PurePath

from django.http.response import HttpResponseBase

from fixmate.core.api.downloads import private_download
from technicians.models import Document


def document_response(document: Document) -> HttpResponseBase:
    """:raises Http404: if the storage has lost it"""
    name = f"{document.kind.lower()}-{document.pk}{PurePath(str(document.file.name)).suffix}"
    return private_download(document.file, name=name, content_type=document.content_type)
