"""Files people send in: told by content, re-encoded, named at random, kept where no web server serves them."""

import hashlib
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import filetype
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from PIL import Image, ImageOps

from fixmate.core import clock, pdf
from fixmate.core.enums import UploadPurpose
from fixmate.core.errors import Conflict, DomainError, Invalid
from fixmate.core.ids import uuid7
from fixmate.core.models import Upload

IMAGE_FORMATS = {"image/jpeg": ("JPEG", "jpg"), "image/png": ("PNG", "png"), "image/webp": ("WEBP", "webp")}
PDF = "application/pdf"
MAX_PIXELS = 40_000_000
UNUSED_FOR = timedelta(hours=24)


class FileRefused(Invalid):
    """Not a file that can be kept; the message says why."""


class FileTooLarge(DomainError):
    code, status, message = "PAYLOAD_TOO_LARGE", 413, "The file is too large."


class FileTypeRefused(DomainError):
    code, status, message = "UNSUPPORTED_MEDIA_TYPE", 415, "Only JPEG, PNG, WebP and PDF files are kept."


class UploadNotUsable(Conflict):
    code, message = "UPLOAD_NOT_USABLE", "One of the uploads is not yours, is of another kind, or is in use."


class CleanFile:
    """The bytes that are safe to keep, and what they are."""

    def __init__(self, content: bytes, content_type: str, extension: str) -> None:
        self.content = content
        self.content_type = content_type
        self.extension = extension
        self.sha256 = hashlib.sha256(content).hexdigest()

    def store(self, folder: str) -> str:
        """Write the file under a random name and return its path in the storage."""
        at = clock.now()
        name = f"{folder}/{at:%Y}/{at:%m}/{uuid7()}.{self.extension}"
        return default_storage.save(name, ContentFile(self.content))


def file_clean(file: UploadedFile, *, allow_pdf: bool = True) -> CleanFile:
    """Return what may be kept of the file: images are decoded and encoded anew, which drops all metadata.

    :raises FileTooLarge: above `UPLOAD_MAX_BYTES`
    :raises FileTypeRefused: if the content, whatever the name says, is of no accepted type
    :raises FileRefused: if it is empty, broken, or a PDF with active content
    """
    if file.size is None or file.size > settings.UPLOAD_MAX_BYTES:
        raise FileTooLarge(limit_bytes=settings.UPLOAD_MAX_BYTES)
    content = file.read()
    if not content:
        raise FileRefused(file=["The file is empty."])
    kind = filetype.guess_mime(content)
    if kind in IMAGE_FORMATS:
        return _clean_image(content, kind)
    if kind == PDF and allow_pdf:
        return _clean_pdf(content)
    raise FileTypeRefused


def _clean_image(content: bytes, kind: str) -> CleanFile:
    image_format, extension = IMAGE_FORMATS[kind]
    try:
        with Image.open(BytesIO(content), formats=[image_format]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise FileRefused(file=["The picture has too many pixels."])
            upright = ImageOps.exif_transpose(image)
            plain: Any = Image.new(upright.mode, upright.size)
            if upright.mode == "P":
                plain, upright = Image.new("RGBA", upright.size), upright.convert("RGBA")
            plain.paste(upright)
            out = BytesIO()
            plain.save(out, image_format)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as exc:
        raise FileRefused(file=["The picture cannot be read."]) from exc
    return CleanFile(out.getvalue(), kind, extension)


def _clean_pdf(content: bytes) -> CleanFile:
    if not pdf.is_whole(content):
        raise FileRefused(file=["The PDF cannot be read."])
    if not pdf.is_passive(content):
        raise FileRefused(file=["A PDF with active or encrypted content is not accepted."])
    return CleanFile(content, PDF, "pdf")


# Uploads


def upload_create(*, owner: Any, purpose: UploadPurpose, file: UploadedFile) -> Upload:
    """Keep a file until something uses it, at the latest for a day."""
    clean = file_clean(file, allow_pdf=purpose == UploadPurpose.EVIDENCE)
    return Upload.objects.create(
        owner=owner,
        purpose=purpose,
        file=clean.store("uploads"),
        content_type=clean.content_type,
        size_bytes=len(clean.content),
        sha256=clean.sha256,
        created_at=clock.now(),
    )


def uploads_take(*, owner: Any, purpose: UploadPurpose, upload_ids: list[UUID]) -> list[Upload]:
    """Lock and use up one's own unused uploads, in the order given, in the caller's transaction.

    :raises UploadNotUsable: if any is not there, not one's own, of another purpose, or used
    """
    if not upload_ids:
        return []
    held = Upload.objects.select_for_update().filter(
        pk__in=upload_ids, owner=owner, purpose=purpose, used_at__isnull=True
    )
    found = {upload.pk: upload for upload in held.order_by("pk")}
    if len(found) != len(upload_ids):
        raise UploadNotUsable
    Upload.objects.filter(pk__in=found).update(used_at=clock.now())
    return [found[upload_id] for upload_id in upload_ids]


def upload_purge_unused() -> int:
    """Remove uploads nobody used for a day: the row first, so that a crash leaves a stray file and no dangling row."""
    stale = Upload.objects.filter(used_at__isnull=True, created_at__lt=clock.now() - UNUSED_FOR)
    removed = 0
    for upload in stale.order_by("pk").iterator():
        with transaction.atomic():
            unused = Upload.objects.select_for_update().filter(pk=upload.pk, used_at__isnull=True).first()
            if unused is not None:
                unused.delete()
        if unused is not None:
            default_storage.delete(str(upload.file.name))
            removed += 1
    return removed
