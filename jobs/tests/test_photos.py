"""Photos of a job: who may have the files."""

import pytest

from accounts.enums import UserStatus
from accounts.tests.factories import UserFactory
from fixmate.core.ids import uuid7
from fixmate.core.tests.http import client_for
from jobs.enums import CancelReason, PhotoKind
from jobs.services import job_release_by_technician
from jobs.tests.factories import job_assigned, job_completed, job_matching
from jobs.tests.helpers import PICTURE, photo_for
from jobs.tests.http import get
from technicians.tests.factories import TechnicianFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("api_rules")]
ACTORS = {
    "customer": lambda job: job.customer,
    "technician": lambda job: job.technician.user,
    "staff": lambda job: UserFactory(admin=True),
    "stranger customer": lambda job: UserFactory(),
    "stranger technician": lambda job: TechnicianFactory().user,
}


def url_of(job_id, upload_id):
    return f"/api/v1/jobs/{job_id}/photos/{upload_id}"


@pytest.mark.parametrize("kind", PhotoKind.values)
@pytest.mark.parametrize("actor", ["customer", "technician", "staff"])
def test_photo_is_told_and_handed_out_to_both_sides_and_staff(actor, kind):
    job = job_completed()
    photo = photo_for(job, kind)
    user = ACTORS[actor](job)

    [told] = get(user, job).json()["photos"]
    file = client_for(user).get(told["file_url"])

    assert told["file_url"] == url_of(job.pk, photo.upload_id)
    assert (file.status_code, file["Content-Type"], file.getvalue()) == (200, "image/png", PICTURE)
    assert file["Content-Disposition"] == f'attachment; filename="{kind.lower()}-{photo.upload_id}.png"'
    assert file["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("actor", ["stranger customer", "stranger technician"])
def test_photo_of_others_looks_like_none(actor):
    job = job_completed()
    client = client_for(ACTORS[actor](job))

    others, none = client.get(url_of(job.pk, photo_for(job).upload_id)), client.get(url_of(uuid7(), uuid7()))

    assert (others.status_code, others.json()["error"]["code"]) == (404, "NOT_FOUND")
    assert others.json()["error"]["message"] == none.json()["error"]["message"]


def test_photo_is_asked_for_by_its_own_job():
    one = job_completed()
    other = job_completed(customer=one.customer)

    for upload_id in (photo_for(one).upload_id, uuid7()):
        assert client_for(one.customer).get(url_of(other.pk, upload_id)).status_code == 404


def test_photo_is_for_nobody_who_is_not_logged_in_and_verified():
    job = job_matching()
    address = url_of(job.pk, photo_for(job).upload_id)

    assert client_for().get(address).status_code == 401
    assert client_for(UserFactory(status=UserStatus.PENDING)).get(address).status_code == 403


def test_technician_who_gave_the_job_back_gets_no_photo_any_more():
    job = job_assigned()
    technician, photo = job.technician.user, photo_for(job)
    job_release_by_technician(job_id=job.pk, actor=technician, reason=CancelReason.CANNOT_COME)

    assert client_for(technician).get(url_of(job.pk, photo.upload_id)).status_code == 404
    assert client_for(job.customer).get(url_of(job.pk, photo.upload_id)).getvalue() == PICTURE


def test_photo_that_was_erased_is_gone():
    photo = photo_for(job_completed())
    photo.upload.file = ""
    photo.upload.save()

    assert client_for(photo.job.customer).get(url_of(photo.job_id, photo.upload_id)).status_code == 404


def test_photo_is_a_link_where_files_are_handed_out_so(settings):
    settings.FILES_DOWNLOAD = "link"
    photo = photo_for(job_completed())

    answer = client_for(photo.job.customer).get(url_of(photo.job_id, photo.upload_id))

    assert (answer.status_code, client_for().get(answer["Location"]).getvalue()) == (302, PICTURE)
