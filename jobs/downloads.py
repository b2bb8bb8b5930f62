from pathlib import PurePath

from django.http.response import HttpResponseBase

from fixmate.core.api.downloads import private_download
from jobs.models import JobPhoto


def photo_response(photo: JobPhoto) -> HttpResponseBase:
    """:raises Http404: if it was erased, or the storage has lost it"""
    upload = photo.upload
    name = f"{photo.kind.lower()}-{upload.pk}{PurePath(str(upload.file.name)).suffix}"
    return private_download(upload.file, name=name, content_type=upload.content_type)
