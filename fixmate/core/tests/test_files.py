import hashlib
import re
from contextlib import suppress
from datetime import timedelta
from io import BytesIO
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fixmate.core import files
from fixmate.core.enums import UploadPurpose
from fixmate.core.files import FileRefused, FileTooLarge, FileTypeRefused, UploadNotUsable, file_clean
from fixmate.core.models import Upload
from fixmate.core.tests import pictures
from fixmate.core.tests.pictures import animated_webp, pdf, picture, png_that_says_it_is, sent
from fixmate.core.tests.races import at_once


def opened(clean: files.CleanFile) -> Image.Image:
    return Image.open(BytesIO(clean.content))


# What is kept


@pytest.mark.parametrize(
    ("content", "content_type", "extension", "mode"),
    [
        (picture("JPEG"), "image/jpeg", "jpg", "RGB"),
        (picture("JPEG", "L"), "image/jpeg", "jpg", "L"),
        (picture("JPEG", "CMYK"), "image/jpeg", "jpg", "CMYK"),
        (picture("PNG"), "image/png", "png", "RGB"),
        (picture("PNG", "RGBA"), "image/png", "png", "RGBA"),
        (picture("PNG", "LA"), "image/png", "png", "LA"),
        (picture("PNG", "1"), "image/png", "png", "1"),
        (picture("PNG", "I;16"), "image/png", "png", "I;16"),
        (picture("PNG", "P"), "image/png", "png", "RGBA"),
        (picture("WEBP"), "image/webp", "webp", "RGB"),
        (picture("WEBP", "RGBA"), "image/webp", "webp", "RGBA"),
    ],
)
def test_a_picture_is_encoded_anew(content, content_type, extension, mode):
    clean = file_clean(sent(content))

    assert (clean.content_type, clean.extension) == (content_type, extension)
    assert (opened(clean).mode, opened(clean).size) == (mode, (16, 8))
    assert clean.sha256 == hashlib.sha256(clean.content).hexdigest()


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_where_a_picture_was_taken_is_gone_and_it_stands_upright(image_format):
    content = picture(image_format, exif=pictures.with_position())
    assert Image.open(BytesIO(content)).getexif().get_ifd(pictures.GPS_IFD)

    clean = file_clean(sent(content))

    assert dict(opened(clean).getexif()) == {}
    assert opened(clean).size == (8, 16)
    assert b"Exif" not in clean.content


def test_text_hidden_in_a_picture_is_gone():
    content = picture("PNG") + b"<script>alert(1)</script>"
    commented = picture("JPEG", comment=b"<script>alert(1)</script>")

    for one in (content, commented):
        assert b"script" in one
        assert b"script" not in file_clean(sent(one)).content


def test_of_an_animation_the_first_picture_is_kept():
    image = opened(file_clean(sent(animated_webp())))

    assert (getattr(image, "n_frames", 1), image.size) == (1, (8, 8))


def test_a_palette_keeps_its_transparency():
    image = opened(file_clean(sent(pictures.see_through_palette_png())))

    assert image.convert("RGBA").getpixel((0, 0))[3] == 0


def test_the_content_decides_and_not_the_name():
    clean = file_clean(sent(picture("PNG"), "../../invoice.php.jpg", "text/html"))

    assert (clean.content_type, clean.extension) == ("image/png", "png")


# What is refused


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        picture("GIF"),
        picture("BMP"),
        picture("TIFF"),
        b"GIF89a=1;alert(1)",
        b"PK\x03\x04" + b"\0" * 40,
        b"MZ" + b"\0" * 40,
        b"#!/bin/sh\nrm -rf /\n",
        b"just text",
        b"\0",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_another_type_is_refused_whatever_it_is_called(content):
    with pytest.raises(FileTypeRefused) as refusal:
        file_clean(sent(content))

    assert (refusal.value.code, refusal.value.status) == ("UNSUPPORTED_MEDIA_TYPE", 415)


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n<html><script>alert(1)</script></html>",
        picture("PNG")[:40],
        picture("JPEG", size=(200, 200))[:300],
        picture("WEBP", size=(200, 200))[:60],
        b"\xff\xd8\xff" + b"\0" * 100,
    ],
    ids=lambda content: repr(content[:12]),
)
def test_a_broken_picture_is_refused(content):
    with pytest.raises(FileRefused) as refusal:
        file_clean(sent(content))

    assert refusal.value.details == {"file": ["The picture cannot be read."]}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (png_that_says_it_is(50_000, 50_000), "The picture cannot be read."),
        (png_that_says_it_is(8_000, 6_000), "The picture has too many pixels."),
    ],
)
def test_a_picture_that_would_fill_the_memory_is_refused_unread(content, text):
    with pytest.raises(FileRefused) as refusal:
        file_clean(sent(content))

    assert refusal.value.details == {"file": [text]}


def test_an_empty_file_is_refused():
    with pytest.raises(FileRefused) as refusal:
        file_clean(sent(b""))

    assert refusal.value.details == {"file": ["The file is empty."]}


@pytest.mark.parametrize("size", [None, 1001])
def test_a_file_above_the_limit_is_refused_unread(settings, size):
    settings.UPLOAD_MAX_BYTES = 1000

    with pytest.raises(FileTooLarge) as refusal:
        file_clean(SimpleNamespace(size=size))

    assert (refusal.value.status, refusal.value.details) == (413, {"limit_bytes": 1000})


def test_a_file_of_just_the_limit_is_kept(settings):
    content = picture("PNG")
    settings.UPLOAD_MAX_BYTES = len(content)

    assert file_clean(sent(content)).content_type == "image/png"
    with pytest.raises(FileTooLarge):
        file_clean(sent(content + b"\0"))


@pytest.mark.filterwarnings("ignore")  # Pillow warns of broken EXIF
@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([picture("JPEG"), picture("PNG"), picture("WEBP"), picture("JPEG", exif=pictures.with_position())]),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_whatever_is_done_to_a_picture_it_is_kept_or_refused_and_nothing_crashes(content, spots):
    broken = bytearray(content)
    for share, value in spots:
        broken[int(share * len(broken))] = value

    with suppress(FileRefused, FileTypeRefused):
        assert file_clean(sent(bytes(broken))).content


# Keeping


def test_a_file_is_kept_under_a_random_name_by_month(noon):
    clean = file_clean(sent(picture("PNG"), "../../evil.php"))

    first, second = clean.store("uploads"), clean.store("uploads")

    assert re.fullmatch(r"uploads/2026/03/[0-9a-f-]{36}\.png", first)
    assert first != second
    with default_storage.open(first) as kept:
        assert kept.read() == clean.content


@pytest.fixture
def make_upload(user):
    def make(owner=None, purpose=UploadPurpose.JOB_PHOTO, **changes):
        upload = files.upload_create(owner=owner or user, purpose=purpose, file=sent(picture()))
        Upload.objects.filter(pk=upload.pk).update(**changes or {"size_bytes": upload.size_bytes})
        return upload

    return make


def test_upload_create_keeps_file_and_facts(noon, user):
    upload = files.upload_create(owner=user, purpose=UploadPurpose.JOB_PHOTO, file=sent(picture("PNG")))

    row = Upload.objects.get()
    with row.file.open() as kept:
        content = kept.read()
    assert (row.pk, row.owner_id, row.purpose) == (upload.pk, user.pk, UploadPurpose.JOB_PHOTO)
    assert (row.content_type, row.size_bytes) == ("image/png", len(content))
    assert row.sha256 == hashlib.sha256(content).hexdigest()
    assert (row.created_at, row.used_at) == (noon, None)
    assert str(row) == f"JOB_PHOTO {row.pk}"


@pytest.mark.parametrize("purpose", UploadPurpose)
def test_upload_create_takes_a_pdf_as_evidence_alone(user, purpose):
    if purpose == UploadPurpose.EVIDENCE:
        assert files.upload_create(owner=user, purpose=purpose, file=sent(pdf())).content_type == "application/pdf"
    else:
        with pytest.raises(FileTypeRefused):
            files.upload_create(owner=user, purpose=purpose, file=sent(pdf()))
        assert Upload.objects.count() == 0


def test_uploads_take_uses_them_up_in_the_order_given(make_upload, user, noon):
    first, second, third = make_upload(), make_upload(), make_upload()

    taken = files.uploads_take(owner=user, purpose=UploadPurpose.JOB_PHOTO, upload_ids=[third.pk, first.pk])

    assert taken == [third, first]
    assert list(Upload.objects.filter(used_at=noon).order_by("pk")) == [first, third]
    assert Upload.objects.get(pk=second.pk).used_at is None


def test_uploads_take_of_none_asks_nothing(user, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert files.uploads_take(owner=user, purpose=UploadPurpose.JOB_PHOTO, upload_ids=[]) == []


@pytest.mark.parametrize("fault", ["unknown", "not one's own", "another purpose", "used", "twice"])
def test_uploads_take_refuses_all_where_one_is_not_usable(make_upload, make_user, user, noon, fault):
    good = make_upload()
    others = {
        "unknown": lambda: uuid4(),
        "not one's own": lambda: make_upload(owner=make_user()).pk,
        "another purpose": lambda: make_upload(purpose=UploadPurpose.EVIDENCE).pk,
        "used": lambda: make_upload(used_at=noon - timedelta(hours=1)).pk,
        "twice": lambda: good.pk,
    }

    with pytest.raises(UploadNotUsable) as refusal:
        files.uploads_take(owner=user, purpose=UploadPurpose.JOB_PHOTO, upload_ids=[good.pk, others[fault]()])

    assert (refusal.value.code, refusal.value.status) == ("UPLOAD_NOT_USABLE", 409)
    assert not Upload.objects.filter(used_at=noon).exists()


@pytest.mark.django_db(transaction=True)
def test_an_upload_taken_by_many_at_once_is_used_once(make_upload, user):
    upload = make_upload()

    @transaction.atomic
    def take():
        return files.uploads_take(owner=user, purpose=UploadPurpose.JOB_PHOTO, upload_ids=[upload.pk])

    found = at_once(*[take] * 6)

    assert sum(isinstance(one, UploadNotUsable) for one in found) == 5
    assert [upload] in found


def test_purge_removes_unused_uploads_and_their_files_after_a_day(make_upload, noon):
    old, edge = noon - timedelta(hours=24, microseconds=1), noon - timedelta(hours=24)
    gone, used = make_upload(created_at=old), make_upload(created_at=old, used_at=noon)
    young = make_upload(created_at=edge)

    assert files.upload_purge_unused() == 1

    assert set(Upload.objects.all()) == {used, young}
    assert [default_storage.exists(one.file.name) for one in (gone, used, young)] == [False, True, True]


def test_purge_leaves_an_upload_that_is_used_at_the_last_moment(make_upload, noon, monkeypatch):
    upload = make_upload(created_at=noon - timedelta(days=2))
    locked = Upload.objects.select_for_update

    def used_first():
        Upload.objects.update(used_at=noon)
        return locked()

    monkeypatch.setattr(Upload.objects, "select_for_update", used_first)

    assert files.upload_purge_unused() == 0

    assert Upload.objects.get() == upload
    assert default_storage.exists(upload.file.name)


@pytest.mark.parametrize("broken", [{"purpose": "HOLIDAY"}, {"size_bytes": 0}])
def test_the_database_refuses_an_upload_of_no_known_purpose_or_no_size(make_upload, broken):
    upload = make_upload()

    with pytest.raises(IntegrityError), transaction.atomic():
        Upload.objects.filter(pk=upload.pk).update(**broken)


@pytest.mark.django_db
def test_a_file_that_cannot_be_deleted_now_keeps_no_other(monkeypatch, django_capture_on_commit_callbacks):
    deleted = []

    def delete(name):
        if name == "stuck":
            raise PermissionError
        deleted.append(name)

    monkeypatch.setattr(default_storage, "delete", delete)

    with django_capture_on_commit_callbacks(execute=True):
        files.files_forget(["stuck", "", "free"])

    assert deleted == ["free"]
