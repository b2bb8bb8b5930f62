"""Files that mean harm, through every door there is, and doors behind which the storage is away."""

import io
import re
import struct
import zipfile
import zlib
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings as present
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.models import User
from accounts.tests.factories import UserFactory
from fixmate.core.models import Upload
from fixmate.core.tests import s3_server
from fixmate.core.tests.http import client_for
from fixmate.core.tests.pictures import animated_webp, pdf, picture, png_that_says_it_is, with_position
from technicians.models import Document
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
SCRIPT = b"<script>alert(document.domain)</script>"
MEGABYTE = 1024 * 1024
MAX_GROWTH = 150 * MEGABYTE
PASSIVE = {"image/jpeg", "image/png", "image/webp", "application/pdf"}
KEPT, BROKEN, WRONG_TYPE, TOO_LARGE = "kept", 400, 415, 413
METADATA = (b"GPS", b"Exif", b"ICC_PROFILE", b"iCCP", b"acTL", b"ANIM")
OUR_NAME = re.compile(r'attachment; filename="(avatar|[a-z]+-[0-9a-f-]{36})\.(jpg|png|webp|pdf)"')
SECRETS = (b"script", b"alert", b"<?php", b"<svg", b"PK\3\4", *METADATA)


def png_with(kind: bytes, content: bytes) -> bytes:
    """Return a PNG with one more chunk behind its header."""
    plain = picture("PNG")
    chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return plain[:33] + chunk + plain[33:]


def animated_png() -> bytes:
    out, frames = io.BytesIO(), [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    return out.getvalue()


def png_of_16_bits_a_channel() -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + b"\x12\x34" * 3 * 4 for _ in range(4))
    header = struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@cache
def zip_bomb(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr(name, b"\0" * 100 * MEGABYTE)
    return out.getvalue()


def large(image_format: str, mode: str, width: int, height: int, **options) -> bytes:
    return picture(image_format, mode, (width, height), exif=with_position(), **options)


# Name, file name, announced type, content, what becomes of it
CORPUS = {
    "png-header-html": ("a.png", "image/png", lambda: b"\x89PNG\r\n\x1a\n<html>" + SCRIPT, BROKEN),
    "png-with-html-behind": ("a.png", "text/html", lambda: picture("PNG") + SCRIPT, KEPT),
    "png-with-html-in-text": ("a.html", "image/png", lambda: png_with(b"tEXt", b"Comment\0" + SCRIPT), KEPT),
    "png-with-svg-in-xmp": ("a.png", "image/png", lambda: png_with(b"iTXt", b"XML:com\0\0\0\0\0<svg>" + SCRIPT), KEPT),
    "png-with-icc": ("a.png", "image/png", lambda: picture("PNG", icc_profile=b"<svg>" + SCRIPT), KEPT),
    "svg-script": ("a.svg", "image/svg+xml", lambda: b"<svg xmlns='x'>" + SCRIPT + b"</svg>", WRONG_TYPE),
    "svg-called-png": ("a.png", "image/png", lambda: b"<?xml version='1.0'?><svg onload='alert(1)'/>", WRONG_TYPE),
    "html": ("a.jpg", "image/jpeg", lambda: b"<!doctype html>" + SCRIPT, WRONG_TYPE),
    "gif-js": ("a.gif", "image/gif", lambda: b"GIF89a/*" + b"\0" * 9 + b"*/=1;alert(1)", WRONG_TYPE),
    "pdf-js": ("a.pdf", "application/pdf", lambda: pdf(b"1 0 obj <</S/JavaScript/JS(app.alert(1))>> endobj"), BROKEN),
    "pdf-called-jpg": ("a.jpg", "image/jpeg", lambda: pdf(b"1 0 obj <</OpenAction 2 0 R>> endobj"), BROKEN),
    "pdf-encrypted": ("a.pdf", "application/pdf", lambda: pdf(b"trailer <</Encrypt 2 0 R>>"), BROKEN),
    "pdf-behind-html": ("a.pdf", "application/pdf", lambda: b"<html>" + SCRIPT + pdf(), WRONG_TYPE),
    "bomb-50k-x-50k": ("a.png", "image/png", lambda: png_that_says_it_is(50_000, 50_000), BROKEN),
    "bomb-10k-x-10k": ("a.png", "image/png", lambda: png_that_says_it_is(10_000, 10_000), BROKEN),
    "bomb-docx": ("a.docx", "application/pdf", lambda: zip_bomb("word/document.xml"), WRONG_TYPE),
    "bomb-text-chunk": (
        "a.png",
        "image/png",
        lambda: png_with(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * 200 * MEGABYTE)),
        BROKEN,
    ),
    "truncated-jpeg": ("a.jpg", "image/jpeg", lambda: picture(size=(300, 300))[:400], BROKEN),
    "backslash-name": ("..\\x.png", "image/png", lambda: picture("PNG"), KEPT),
    "slash-name": ("../../../etc/cron.d/x.png", "image/png", lambda: picture("PNG"), KEPT),
    "rtl-name": ("photo\u202egpj.exe", "image/jpeg", lambda: picture(), KEPT),
    "php-jpg": ("shell.php.jpg", "image/jpeg", lambda: picture(comment=b"<?php system($_GET[0]);?>"), KEPT),
    "html-name": ("x.html", "text/html", lambda: picture("WEBP"), KEPT),
    "long-name": ("a" * 3000 + ".jpg", "image/jpeg", lambda: picture(), KEPT),
    "type-is-a-lie": ("a.pdf", "application/pdf", lambda: picture("PNG"), KEPT),
    "program": ("a.jpg", "image/jpeg", lambda: b"MZ" + b"\0" * 200, WRONG_TYPE),
    "elf": ("a.png", "image/png", lambda: b"\x7fELF" + b"\0" * 200, WRONG_TYPE),
    "empty": ("a.png", "image/png", lambda: b"", BROKEN),
    "limit-and-one": ("a.jpg", "image/jpeg", lambda: picture() + b"\0" * present.UPLOAD_MAX_BYTES, TOO_LARGE),
    "jpeg-and-zip": ("a.jpg", "image/jpeg", lambda: picture() + zip_bomb("x")[:2000], KEPT),
    "jpeg-and-js": ("a.js", "text/javascript", lambda: picture(comment=b"*/=alert(1);/*<script>"), KEPT),
    "jpeg-gps": ("a.jpg", "image/jpeg", lambda: picture(exif=with_position()), KEPT),
    "png-gps": ("a.png", "image/png", lambda: picture("PNG", exif=with_position()), KEPT),
    "webp-gps": ("a.webp", "image/webp", lambda: picture("WEBP", exif=with_position()), KEPT),
    "jpeg-icc": ("a.jpg", "image/jpeg", lambda: picture(icc_profile=SCRIPT), KEPT),
    "jpeg-cmyk": ("a.jpg", "image/jpeg", lambda: picture("JPEG", "CMYK"), KEPT),
    "animated-webp": ("a.webp", "image/webp", animated_webp, KEPT),
    "animated-png": ("a.png", "image/png", animated_png, KEPT),
    "png-16-bit": ("a.png", "image/png", png_of_16_bits_a_channel, KEPT),
    "png-16-bit-grey": ("a.png", "image/png", lambda: picture("PNG", "I;16"), KEPT),
    "tiff": ("a.jpg", "image/jpeg", lambda: picture("TIFF"), WRONG_TYPE),
    "bmp": ("a.png", "image/png", lambda: picture("BMP"), WRONG_TYPE),
}
# Large ones, which the limit of bytes alone would let in
HUGE = {
    "jpeg-as-cameras-make-it": ("JPEG", "RGB", 4080, 3060, {}, KEPT),
    "jpeg-in-many-scans": ("JPEG", "RGB", 3765, 3765, {"progressive": True, "subsampling": 0}, KEPT),
    "jpeg-cmyk-in-many-scans": ("JPEG", "CMYK", 3960, 3960, {"progressive": True}, KEPT),
    "jpeg-beyond": ("JPEG", "RGB", 5000, 5000, {"progressive": True}, BROKEN),
    "png": ("PNG", "RGBA", 3970, 3970, {}, KEPT),
    "png-palette": ("PNG", "P", 3970, 3970, {}, KEPT),
    "png-beyond": ("PNG", "L", 4100, 4100, {}, BROKEN),
    "webp": ("WEBP", "RGB", 3840, 2160, {"lossless": True}, KEPT),
    "webp-beyond": ("WEBP", "RGB", 4000, 4000, {"lossless": True}, BROKEN),
}


class Door:
    """One way in: how a file is sent there, the rows it makes, and how it is read again."""

    takes_pdf = True

    def __init__(self) -> None:
        self.technician = TechnicianFactory(fresh=True)
        self.client = client_for(self.technician.user)

    def rows(self) -> list[str]:
        return list(self.model.objects.exclude(**{self.field: ""}).values_list(self.field, flat=True))


class Uploads(Door):
    model, field = Upload, "file"

    def send(self, file):
        return self.client.post("/api/v1/uploads", {"file": file, "purpose": "EVIDENCE"}, format="multipart")


class Documents(Door):
    model, field = Document, "file"

    def send(self, file):
        return self.client.post(
            "/api/v1/technicians/me/documents", {"file": file, "kind": "IDENTITY"}, format="multipart"
        )

    def read(self):
        return self.client.get(f"/api/v1/technicians/me/documents/{Document.objects.get().pk}/file")


class Avatars(Door):
    model, field = User, "avatar"
    takes_pdf = False

    def send(self, file):
        return self.client.put("/api/v1/auth/me/avatar", {"file": file}, format="multipart")

    def read(self):
        return self.client.get(f"/api/v1/users/{self.technician.user_id}/avatar")


@pytest.fixture(params=[Uploads, Documents, Avatars])
def door(request, db):
    return request.param()


def files_kept() -> list[Path]:
    return [path for path in Path(present.MEDIA_ROOT).rglob("*") if path.is_file()]


@pytest.mark.parametrize("case", CORPUS)
def test_what_means_harm_is_refused_or_made_harmless(door, case):
    name, content_type, content, expected = CORPUS[case]
    if expected == BROKEN and case.startswith("pdf") and not door.takes_pdf:
        expected = WRONG_TYPE

    answer = door.send(SimpleUploadedFile(name, content(), content_type))

    if expected != KEPT:
        assert answer.status_code == expected
        assert (door.rows(), files_kept()) == ([], [])
        return
    assert answer.status_code in {200, 201}
    (row,), (path,) = door.rows(), files_kept()
    stored = path.read_bytes()
    assert default_storage.path(row) == str(path)
    assert path.suffix in {".jpg", ".png", ".webp"}
    assert len(path.stem) == 36
    with Image.open(path) as image:
        assert Image.MIME[image.format] in PASSIVE
        assert (dict(image.getexif()), getattr(image, "n_frames", 1)) == ({}, 1)
    assert [secret for secret in SECRETS if secret in stored] == []


@pytest.mark.parametrize("case", [case for case, (*_, expected) in CORPUS.items() if expected == KEPT])
@pytest.mark.parametrize("kind", [Documents, Avatars])
def test_what_is_kept_is_served_as_a_passive_download(kind, case):
    door = kind()
    name, content_type, content, _ = CORPUS[case]
    door.send(SimpleUploadedFile(name, content(), content_type))

    answer = door.read()

    body = answer.getvalue()
    assert (answer.status_code, answer.headers["Content-Type"] in PASSIVE) == (200, True)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert OUR_NAME.fullmatch(answer.headers["Content-Disposition"])
    assert [secret for secret in SECRETS if secret in body] == []


def _memory(kind: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(kind))
    return int(line.split()[1]) * 1024


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the most memory of a moment")
@pytest.mark.parametrize("case", HUGE)
def test_no_picture_fills_the_memory(case):
    image_format, mode, width, height, options, expected = HUGE[case]
    file = SimpleUploadedFile("a.jpg", large(image_format, mode, width, height, **options), "image/jpeg")
    door = Uploads()
    Path("/proc/self/clear_refs").write_text("5")  # forget the most there was
    before = _memory("VmRSS")

    answer = door.send(file)

    assert answer.status_code == (201 if expected == KEPT else expected)
    assert _memory("VmHWM") - before <= MAX_GROWTH


# The storage is away


@pytest.fixture
def s3(settings):
    with s3_server.running() as url:
        settings.STORAGES = s3_server.storages(settings, url)
        yield s3_server.client(url)


def test_through_every_door_files_are_kept_on_a_server_too(door, s3):
    answer = door.send(SimpleUploadedFile("../x.php", picture(exif=with_position()), "text/html"))

    assert answer.status_code in {200, 201}
    (row,) = door.rows()
    kept = s3.get_object(Bucket=s3_server.BUCKET, Key=row)
    assert (kept["ContentType"], kept["ContentDisposition"]) == ("image/jpeg", "attachment")
    assert b"Exif" not in kept["Body"].read()
    assert files_kept() == []
    if isinstance(door, Documents | Avatars):
        served = door.read()
        assert (served.status_code, served.headers["Content-Type"]) == (200, "image/jpeg")
        assert served.getvalue().startswith(b"\xff\xd8")


@pytest.mark.parametrize("kind", [Documents, Avatars])
def test_where_a_setting_asks_for_links_reading_leads_to_one(kind, s3, settings):
    settings.FILES_DOWNLOAD = "link"
    door = kind()
    door.send(SimpleUploadedFile("x.png", picture("PNG"), "image/png"))

    answer = door.read()

    assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "private, no-store")
    assert "X-Amz-Signature=" in answer.headers["Location"]


@pytest.fixture(params=["not there", "silent"])
def away(request, settings):
    """Have the storage away: call it once the files that are to be read are stored."""
    with s3_server.silent() as url:
        address = url if request.param == "silent" else s3_server.NOBODY_LISTENS
        yield lambda: setattr(settings, "STORAGES", s3_server.storages(settings, address, timeout_s=0.1))


def test_while_the_storage_is_away_nothing_is_half_written(door, away):
    away()

    answer = door.send(SimpleUploadedFile("x.png", picture("PNG"), "image/png"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) > 0
    assert door.rows() == []


@pytest.mark.parametrize("kind", [Documents, Avatars])
def test_while_the_storage_is_away_reading_is_told_so(kind, away):
    door = kind()
    door.send(SimpleUploadedFile("x.png", picture("PNG"), "image/png"))
    away()

    answer = door.read()

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")


def test_a_picture_is_removed_though_its_file_cannot_be_yet(away):
    user = UserFactory(avatar="avatars/2026/02/019c0000-0000-7000-8000-000000000001.png")
    away()

    answer = client_for(user).delete("/api/v1/auth/me/avatar")

    assert (answer.status_code, answer.json()["avatar_url"]) == (200, None)
