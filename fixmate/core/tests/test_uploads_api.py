import pytest
from PIL import Image

from fixmate.core.models import Upload
from fixmate.core.tests.http import client_for
from fixmate.core.tests.pictures import pdf, picture, sent

pytestmark = pytest.mark.django_db
URL = "/api/v1/uploads"


def post(user, **fields):
    return client_for(user).post(URL, fields, format="multipart")


@pytest.mark.parametrize("role", ["CUSTOMER", "TECHNICIAN", "ADMIN"])
def test_every_role_may_upload(make_user, role):
    user = make_user(role=role)

    response = post(user, file=sent(picture("PNG"), "a.png"), purpose="JOB_PHOTO")

    upload = Upload.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "id": str(upload.pk),
        "purpose": "JOB_PHOTO",
        "content_type": "image/png",
        "size_bytes": upload.size_bytes,
    }
    assert upload.owner_id == user.pk
    with upload.file.open() as kept, Image.open(kept) as image:
        assert image.size == (16, 8)


@pytest.mark.parametrize(
    ("actor", "status", "code"),
    [(None, 401, "AUTHENTICATION_REQUIRED"), ({"status": "PENDING"}, 403, "EMAIL_NOT_VERIFIED")],
)
def test_who_is_not_verified_may_not(make_user, actor, status, code):
    response = post(make_user(**actor) if actor else None, file=sent(picture()), purpose="JOB_PHOTO")

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert Upload.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "faulty"),
    [
        ({"purpose": "JOB_PHOTO"}, {"file"}),
        ({"file": True}, {"purpose"}),
        ({"file": True, "purpose": "HOLIDAY"}, {"purpose"}),
        ({"file": "text", "purpose": "JOB_PHOTO"}, {"file"}),
        ({"file": True, "purpose": "JOB_PHOTO", "owner": "x"}, {"owner"}),
        ({"file": True, "purpose": "JOB_PHOTO", "second": True}, {"second"}),
        ({"file": b"", "purpose": "JOB_PHOTO"}, {"file"}),
        ({"file": b"\x89PNG\r\n\x1a\n<html>", "purpose": "JOB_PHOTO"}, {"file"}),
    ],
)
def test_a_bad_form_is_refused_by_field(user, fields, faulty):
    contents = {True: picture(), b"": b""}
    form = {
        name: sent(contents.get(value, value)) if isinstance(value, bool | bytes) else value
        for name, value in fields.items()
    }

    response = post(user, **form)

    error = response.json()["error"]
    assert (response.status_code, error["code"], set(error["details"])) == (400, "VALIDATION_ERROR", faulty)
    assert Upload.objects.count() == 0


@pytest.mark.parametrize(
    ("purpose", "content", "status"),
    [
        ("EVIDENCE", pdf(), 201),
        ("JOB_PHOTO", pdf(), 415),
        ("EVIDENCE", b"<svg/>", 415),
        ("EVIDENCE", picture("GIF"), 415),
    ],
)
def test_a_type_that_is_not_taken_is_415(user, purpose, content, status):
    response = post(user, file=sent(content, "a.pdf"), purpose=purpose)

    assert response.status_code == status
    assert Upload.objects.count() == (status == 201)


def test_a_file_above_the_limit_is_413(user, settings):
    settings.UPLOAD_MAX_BYTES = 500

    response = post(user, file=sent(picture() + b"\0" * 500), purpose="JOB_PHOTO")

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert error["details"] == {"limit_bytes": 500}


def test_a_body_announced_above_the_limit_is_413_before_it_is_read(user, settings, monkeypatch):
    settings.UPLOAD_MAX_BYTES = 500
    monkeypatch.setattr("rest_framework.parsers.MultiPartParser.parse", pytest.fail)

    response = post(user, file=sent(picture() + b"\0" * 101_000), purpose="JOB_PHOTO")

    assert (response.status_code, response.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("content_type", ["application/json", "image/jpeg", "application/x-www-form-urlencoded"])
def test_a_body_that_is_no_form_is_415(user, content_type):
    response = client_for(user).post(URL, b"{}", content_type=content_type)

    assert (response.status_code, response.json()["error"]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_broken_form_is_malformed(user):
    response = client_for(user).post(URL, b"--x\r\nnonsense", content_type="multipart/form-data")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "MALFORMED_REQUEST")


def test_uploads_are_not_listed(user):
    assert client_for(user).get(URL).status_code == 405
