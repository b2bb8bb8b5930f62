import stat
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import Http404

from fixmate.core import strays, sweeps
from fixmate.core.api.downloads import private_download
from fixmate.core.enums import UploadPurpose
from fixmate.core.files import file_clean, upload_create
from fixmate.core.models import Upload
from fixmate.core.storage import StorageUnavailable, name_mark, private_storage
from fixmate.core.tasks import remove_stray_files
from fixmate.core.tests import s3_server
from fixmate.core.tests.http import client_for
from fixmate.core.tests.pictures import pdf, picture, sent

PATH = "documents/2026/03/019cae62-0000-7000-8000-000000000001.pdf"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def s3_url():
    with s3_server.running() as url:
        yield url


@pytest.fixture
def s3(settings, s3_url):
    settings.STORAGES = s3_server.storages(settings, s3_url)
    yield s3_server.client(s3_url)
    for entry in s3_server.client(s3_url).list_objects_v2(Bucket=s3_server.BUCKET).get("Contents", ()):
        s3_server.client(s3_url).delete_object(Bucket=s3_server.BUCKET, Key=entry["Key"])


@pytest.fixture(params=["disk", "s3"])
def storage(request):
    if request.param == "s3":
        request.getfixturevalue("s3")
    return default_storage


def stored_at(at, folder="uploads", number=1):
    """Store a file as if it had been sent in at this moment; return its name."""
    name = f"{folder}/{at:%Y/%m}/{name_mark(at)}-7000-8000-{number:012d}.jpg"
    return default_storage.save(name, ContentFile(b"x"))


class Held:
    """What a row holds of a file, for a download."""

    def __init__(self, name: str) -> None:
        self.name = name


# Keeping


def test_a_file_is_kept_and_read_and_deleted(storage):
    name = storage.save(PATH, ContentFile(pdf()))

    with storage.open(name) as kept:
        content = kept.read()
    held = storage.exists(name)
    storage.delete(name)

    assert (name, content, held, storage.exists(name)) == (PATH, pdf(), True, False)


def test_deleting_what_is_gone_is_no_fault(storage):
    storage.delete(PATH)


def test_a_file_that_is_not_there_is_told_from_a_storage_that_is_not(storage):
    with pytest.raises(FileNotFoundError):
        storage.open(PATH)


def test_on_disk_nobody_else_reads_it(settings):
    default_storage.save(PATH, ContentFile(pdf()))

    path = Path(settings.MEDIA_ROOT) / PATH
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent)] == [0o600, 0o700]


def test_on_a_server_nobody_else_reads_it_and_it_opens_in_no_browser(s3, s3_url):
    default_storage.save(PATH, ContentFile(pdf()))

    head = s3.head_object(Bucket=s3_server.BUCKET, Key=PATH)
    assert httpx.get(f"{s3_url}/{s3_server.BUCKET}/{PATH}").status_code == 403
    assert (head["ContentType"], head["ContentDisposition"]) == ("application/pdf", "attachment")
    assert head["CacheControl"] == "private, no-store"


@pytest.mark.parametrize("folder", ["..", "uploads/../.."])
def test_no_name_leads_out(storage, folder):
    with pytest.raises(Exception, match=r"(?i)traversal|detected|denied|dangerous"):
        storage.save(f"{folder}/x.pdf", ContentFile(b"x"))


# Handing out


def test_a_download_is_streamed_as_a_download(storage, db):
    storage.save(PATH, ContentFile(pdf()))

    answer = private_download(Held(PATH), name="a.pdf", content_type="application/pdf")

    assert answer.getvalue() == pdf()
    answer.close()
    assert answer.headers["Content-Length"] == str(len(pdf()))
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_what_the_storage_lost_is_not_found(storage):
    with pytest.raises(Http404):
        private_download(Held(PATH), name="a.pdf", content_type="application/pdf")


def test_a_link_on_a_server_is_its_own_and_soon_void(s3, settings):
    settings.FILES_DOWNLOAD = "link"
    default_storage.save(PATH, ContentFile(pdf()))

    answer = private_download(Held(PATH), name="a.pdf", content_type="application/pdf")

    assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "private, no-store")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    link = httpx.URL(answer.headers["Location"])
    assert (link.params["X-Amz-Expires"], link.params["X-Amz-Algorithm"]) == ("60", "AWS4-HMAC-SHA256")
    fetched = httpx.get(link)
    assert (fetched.status_code, fetched.content) == (200, pdf())
    assert fetched.headers["Content-Disposition"] == 'attachment; filename="a.pdf"'
    assert fetched.headers["Content-Type"].startswith("application/pdf")
    assert fetched.headers["Cache-Control"] == "private, no-store"


def test_a_link_of_our_own_needs_no_login_and_is_soon_void(settings, db):
    settings.FILES_DOWNLOAD = "link"
    default_storage.save(PATH, ContentFile(pdf()))

    with time_machine.travel(NOON, tick=False) as clock:
        answer = private_download(Held(PATH), name="a.pdf", content_type="application/pdf")
        link = answer.headers["Location"]
        clock.shift(60)
        within = client_for().get(link, headers={"Accept": "text/html"})
        content = within.getvalue()
        clock.shift(1)
        after = client_for().get(link)

    assert link.startswith("/api/v1/files/")
    assert (within.status_code, content) == (200, pdf())
    assert within.headers["Content-Disposition"] == 'attachment; filename="a.pdf"'
    assert within.headers["X-Content-Type-Options"] == "nosniff"
    assert within.headers["Cache-Control"] == "private, no-store"
    assert (after.status_code, after.json()["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("harm", [lambda link: link[:-1] + "~", lambda link: link + "A", lambda link: link[:-43]])
def test_a_link_somebody_made_up_is_not_found(settings, db, harm):
    default_storage.save(PATH, ContentFile(pdf()))
    link = private_storage().download_url(PATH, filename="a.pdf", content_type="application/pdf")

    assert client_for().get(harm(link)).status_code == 404


# A storage that is away


def unavailable(call):
    began = time.monotonic()
    with pytest.raises(StorageUnavailable) as refusal:
        call()
    assert (refusal.value.status, refusal.value.code) == (503, "SERVICE_UNAVAILABLE")
    return time.monotonic() - began


CALLS = {
    "save": lambda: default_storage.save(PATH, ContentFile(b"x")),
    "open": lambda: default_storage.open(PATH),
    "delete": lambda: default_storage.delete(PATH),
    "exists": lambda: default_storage.exists(PATH),
    "list": lambda: private_storage().names_between("uploads/2026/03", NOON - timedelta(days=1), NOON, limit=9),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_is_not_there_is_a_refusal(settings, call):
    settings.STORAGES = s3_server.storages(settings, s3_server.NOBODY_LISTENS)

    unavailable(CALLS[call])


def test_a_server_that_is_silent_is_waited_for_once(settings):
    with s3_server.silent() as url:
        settings.STORAGES = s3_server.storages(settings, url)

        first, second = unavailable(CALLS["save"]), unavailable(CALLS["open"])

    assert 2 <= first < 10  # two tries of a second each, and the pause between them
    assert second < 0.5


@pytest.mark.parametrize("call", sorted(set(CALLS) - {"exists"}))  # its answer has no body to tell the two apart
def test_a_bucket_that_is_not_there_is_our_fault_and_not_a_lost_file(settings, s3_url, call):
    settings.STORAGES = s3_server.storages(settings, s3_url, bucket="none-such")

    unavailable(CALLS[call])


def test_a_disk_that_takes_nothing_is_a_refusal(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "file"
    settings.MEDIA_ROOT.write_bytes(b"no folder")

    for call in ("save", "open", "delete"):
        unavailable(CALLS[call])


# Strays


@pytest.fixture
def named(user, storage):
    """Return a row's own file, stored when strays of that time are looked at."""
    upload = upload_create(owner=user, purpose=UploadPurpose.JOB_PHOTO, file=sent(picture()))
    default_storage.delete(upload.file.name)
    name = stored_at(NOON - timedelta(hours=30), number=9)
    Upload.objects.filter(pk=upload.pk).update(file=name)
    return name


@pytest.mark.parametrize("folder", strays.FOLDERS)
def test_a_file_no_row_names_is_removed_after_a_day(noon, storage, named, folder):
    old, older = (stored_at(noon - timedelta(hours=hours), folder) for hours in (25, 95))
    young = stored_at(noon - timedelta(hours=23), folder)

    assert strays.strays_remove() == 2

    found = [default_storage.exists(name) for name in (old, older, young, named)]
    assert found == [False, False, True, True]


def test_the_picture_of_a_person_is_no_stray(noon, storage, user):
    name = stored_at(noon - timedelta(hours=30), "avatars")
    get_user_model().objects.filter(pk=user.pk).update(avatar=name)

    remove_stray_files()

    assert default_storage.exists(name)
    assert remove_stray_files.name in sweeps.registered()


def test_other_files_of_the_storage_are_left_alone(noon, storage):
    name = default_storage.save(f"uploads/2026/03/{name_mark(noon - timedelta(hours=30))}.jpg", ContentFile(b"x"))

    assert strays.strays_remove() == 0
    assert default_storage.exists(name)


def test_however_many_there_are_all_are_looked_at(noon, storage, db, monkeypatch):
    monkeypatch.setattr(strays, "LIMIT", 2)
    names = [stored_at(noon - timedelta(hours=30 + number), number=number) for number in range(9)]

    removed = strays.strays_remove()

    assert (removed, [default_storage.exists(name) for name in names]) == (9, [False] * 9)


def test_names_of_one_moment_hold_nothing_up(noon, storage, db, monkeypatch):
    monkeypatch.setattr(strays, "LIMIT", 2)
    names = [stored_at(noon - timedelta(hours=30), number=number) for number in range(4)]

    for _ in "12":
        strays.strays_remove()

    assert [default_storage.exists(name) for name in names] == [False] * 4


def test_what_a_run_has_no_time_for_is_reached_in_a_later_hour(storage, db, user, monkeypatch):
    """Of files that rows name, an hour's share is looked at; a stray among the last is found all the same."""
    monkeypatch.setattr(strays, "LIMIT", 2)
    monkeypatch.setattr(strays, "BUDGET_S", -1)
    at = NOON + timedelta(days=15)  # all in one month
    for number in range(12):
        name = stored_at(at - timedelta(hours=4 * number), number=number)
        upload = upload_create(owner=user, purpose=UploadPurpose.JOB_PHOTO, file=sent(picture()))
        Upload.objects.filter(pk=upload.pk).update(file=name)
    stray = stored_at(at + timedelta(hours=1), number=99)

    hours = [strays._remove_between(at - timedelta(hours=48), at + timedelta(hours=2), turn=n) for n in range(21)]

    assert hours[0] == 0
    assert sum(hours) == 1
    assert not default_storage.exists(stray)


@pytest.mark.parametrize("weeks", [1, 2, 50, 260, 515])
def test_every_moment_of_ten_years_has_its_turn_within_23_days(weeks):
    stored = NOON - timedelta(weeks=weeks)

    looked_at = [hour for hour in range(23 * 24) if _is_looked_at(stored, at=NOON + timedelta(hours=hour))]

    assert 1 <= len(looked_at) <= 3


def _is_looked_at(stored, *, at):
    return any(since <= stored < until for since, until in strays.spans(at))


def test_a_month_ends_between_a_name_and_its_folder(db):
    name = default_storage.save(
        f"uploads/2026/02/{name_mark(datetime(2026, 3, 1, tzinfo=UTC))}-7000-8000-000000000001.jpg", ContentFile(b"x")
    )

    removed = strays._remove_between(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))

    assert (removed, default_storage.exists(name)) == (1, False)


def test_a_crash_before_the_row_leaves_a_file_that_is_found(noon, storage, db):
    name = file_clean(sent(picture())).store("uploads")

    with time_machine.travel(datetime.now(UTC)):
        at = datetime.now(UTC)
        folder = name.rpartition("/")[0]
        found = private_storage().names_between(folder, at - timedelta(hours=1), at + timedelta(hours=1), limit=9)

    assert found == [name]


def test_a_database_that_names_almost_nothing_deletes_nothing(noon, storage, db, monkeypatch):
    """A new database on an old storage, say: it would take every file for a stray."""
    monkeypatch.setattr(strays, "_FEW", 2)
    names = [stored_at(noon - timedelta(hours=30), number=number) for number in range(3)]

    assert strays.strays_remove() == 0
    assert all(default_storage.exists(name) for name in names)
