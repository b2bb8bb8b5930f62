"""Files people send in: told by content, re-encoded, named at random, kept where no web server serves them."""

import hashlib
from collections.abc import Collection, Iterable
from datetime import timedelta
from functools import partial
from io import BytesIO
from threading import Lock
from typing import Any
from uuid import UUID

import filetype
import structlog
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

log = structlog.get_logger(__name__)
IMAGE_FORMATS = {"image/jpeg": ("JPEG", "jpg"), "image/png": ("PNG", "png"), "image/webp": ("WEBP", "webp")}
PDF = "application/pdf"
_ALSO = {"image/apng": "image/png"}  # of an animation the first picture is kept
MAX_MEMORY = 142_000_000  # bytes for one picture: 14 million pixels of a JPEG, 8 of a WebP
_BYTES_PER_PIXEL = {"PNG": 9, "WEBP": 17}
_ONE_AT_A_TIME = Lock()
UNUSED_FOR = timedelta(hours=24)
PURGE_BATCH = 1_000


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
    found = filetype.guess_mime(content)
    kind = _ALSO.get(found, found)
    if kind in IMAGE_FORMATS:
        return _clean_image(content, kind)
    if kind == PDF and allow_pdf:
        return _clean_pdf(content)
    raise FileTypeRefused


def _clean_image(content: bytes, kind: str) -> CleanFile:
    image_format, extension = IMAGE_FORMATS[kind]
    try:
        with _ONE_AT_A_TIME, Image.open(BytesIO(content), formats=[image_format]) as image:
            _fit(image, image_format)
            plain = _plain(image)
            out = BytesIO()
            plain.save(out, image_format)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise FileRefused(file=["The picture cannot be read."]) from exc
    return CleanFile(out.getvalue(), kind, extension)


def _fit(image: Image.Image, image_format: str) -> None:
    """Have a JPEG that is too large decoded at half its width and height; refuse what is too large even so.

    Nothing has been decoded yet. The measure is the most memory the decoders were seen to take, a JPEG in many scans
    included, and one picture is worked on at a time: so that no picture, and no number of them, fills the memory.
    """
    pixels, coefficients = image.width * image.height, 2 * len(image.getbands())
    if image_format == "JPEG" and pixels * (coefficients + 4) > MAX_MEMORY:
        image.draft(None, (image.width // 2, image.height // 2))
        needed = pixels * (coefficients + 1)
    else:
        needed = pixels * _BYTES_PER_PIXEL.get(image_format, coefficients + 4)
    if needed > MAX_MEMORY:
        raise FileRefused(file=["The picture has too many pixels."])


def _plain(image: Any) -> Image.Image:
    """Return the pixels of the first frame, upright, and nothing else of the file."""
    image = image.convert("RGBA") if image.mode == "P" else image
    ImageOps.exif_transpose(image, in_place=True)
    plain = Image.new(image.mode, (0, 0))
    plain.im = image.im  # not a copy: a large picture is in memory once
    plain._size = image.size
    return plain


def _clean_pdf(content: bytes) -> CleanFile:
    if not pdf.is_whole(content):
        raise FileRefused(file=["The PDF cannot be read."])
    if not pdf.is_passive(content):
        raise FileRefused(file=["A PDF with active or encrypted content is not accepted."])
    return CleanFile(content, PDF, "pdf")


def files_forget(paths: Iterable[str]) -> None:
    """Delete files that no row names any more, when the caller's transaction has committed.

    What cannot be deleted then is left for the sweep of strays.
    """
    transaction.on_commit(partial(_delete, [path for path in paths if path]), robust=True)


def _delete(paths: list[str]) -> None:
    for path in paths:
        try:
            default_storage.delete(path)
        except (OSError, DomainError):
            log.warning("files.left_behind", name=path, exc_info=True)


# Uploads


def upload_create(*, owner: Any, purpose: UploadPurpose, file: UploadedFile) -> Upload:
    """Keep a file until something uses it, at the latest for a day.

    :raises DomainError: if it cannot be kept (see `file_clean`)
    """
    return upload_keep(upload_prepare(owner=owner, purpose=purpose, file=file))


def upload_prepare(*, owner: Any, purpose: UploadPurpose, file: UploadedFile) -> Upload:
    """Clean and store the file of a row that is still to be saved: slow, and done before any transaction.

    :raises DomainError: if it cannot be kept (see `file_clean`)
    """
    clean = file_clean(file, allow_pdf=purpose == UploadPurpose.EVIDENCE)
    return Upload(
        owner=owner,
        purpose=purpose,
        file=clean.store("uploads"),
        content_type=clean.content_type,
        size_bytes=len(clean.content),
        sha256=clean.sha256,
        created_at=clock.now(),
    )


def upload_keep(prepared: Upload) -> Upload:
    """Save the row of a file that is stored: the quick part of `upload_create`."""
    prepared.save(force_insert=True)
    return prepared


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


def uploads_erase(upload_ids: Collection[UUID]) -> None:
    """Remove uploads and their files, in the caller's transaction: what named them is gone already."""
    uploads = Upload.objects.filter(pk__in=upload_ids)
    paths = list(uploads.values_list("file", flat=True))
    uploads.delete()
    files_forget(paths)


def upload_purge_unused() -> int:
    """Remove uploads nobody used for a day, `PURGE_BATCH` at most; return how many.

    The row first, so that a crash leaves a stray file and no dangling row.
    """
    stale = Upload.objects.filter(used_at__isnull=True, created_at__lt=clock.now() - UNUSED_FOR)
    removed = 0
    for upload in stale.order_by("pk")[:PURGE_BATCH]:
        with transaction.atomic():
            unused = Upload.objects.select_for_update().filter(pk=upload.pk, used_at__isnull=True).first()
            if unused is not None:
                unused.delete()
        if unused is not None:
            default_storage.delete(str(upload.file.name))
            removed += 1
    return removed
