from io import BytesIO
from pathlib import PurePath

from django.http import FileResponse
from django.http.response import HttpResponseBase

from disputes.case_files import case_file
from disputes.case_pdf import case_pdf
from disputes.models import Dispute
from fixmate.core.api.downloads import private_download
from fixmate.core.models import Upload

PDF = "application/pdf"


def upload_response(upload: Upload) -> HttpResponseBase:
    """:raises Http404: if it was erased, or the storage has lost it"""
    name = f"{upload.purpose.lower()}-{upload.pk}{PurePath(str(upload.file.name)).suffix}"
    return private_download(upload.file, name=name, content_type=upload.content_type)


def case_file_response(dispute: Dispute) -> FileResponse:
    content = BytesIO(case_pdf(case_file(dispute)))
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"}
    name = f"case-{dispute.pk}.pdf"
    return FileResponse(content, as_attachment=True, filename=name, content_type=PDF, headers=headers)
