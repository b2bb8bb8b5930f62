import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from fixmate.core.ids import uuid7
from fixmate.core.models import AuditEntry
from fixmate.core.storage import StorageUnavailable
from jobs.enums import JobStatus
from jobs.tests.factories import job_assigned, job_completed, job_in_progress, job_unmatched, quote_for
from jobs.tests.helpers import PICTURE, nothing_written, photo_for, stored

pytestmark = pytest.mark.django_db


def _act(job, name):
    return reverse("admin:jobs_job_act", args=[job.pk, name])


def test_console_lists_jobs_and_finds_them(console):
    job, other = job_assigned(), job_unmatched()

    page = console.get(reverse("admin:jobs_job_changelist"), {"q": job.customer.email})

    assert page.status_code == 200
    assert str(job.pk) in page.text
    assert str(other.pk) not in page.text


def test_console_shows_price_and_timeline(console):
    job = job_completed()

    page = console.get(reverse("admin:jobs_job_change", args=[job.pk]))

    assert page.status_code == 200
    assert "100.00 USD" in page.text
    assert "Work completed" in page.text


def test_console_explains_prices_and_shows_what_was_proposed(console):
    job = job_in_progress()
    quote_for(job)

    page = console.get(reverse("admin:jobs_job_change", args=[job.pk]))

    assert f"{job.service.name}: 1 x 100.00 USD = 100.00 USD" in page.text
    assert "Pump: 1 x 50.00 USD = 50.00 USD" in page.text


def test_console_hands_out_the_photos_of_a_job(console):
    job = job_assigned()
    photo = photo_for(job)
    address = reverse("admin:jobs_job_photo", args=[job.pk, photo.upload_id])

    page, file = console.get(reverse("admin:jobs_job_change", args=[job.pk])), console.get(address)

    assert address in page.text
    assert (file.status_code, file["Content-Type"], file.getvalue()) == (200, "image/png", PICTURE)
    for other in (job_assigned().pk, uuid7()):
        gone = console.get(reverse("admin:jobs_job_photo", args=[other, photo.upload_id]))
        assert gone.status_code == 404


def test_console_says_that_the_storage_is_away(console, monkeypatch):
    photo = photo_for(job_assigned())

    def away(*_):
        raise StorageUnavailable

    monkeypatch.setattr(default_storage, "open", away)
    page = console.get(reverse("admin:jobs_job_photo", args=[photo.job_id, photo.upload_id]), follow=True)

    assert page.status_code == 200
    assert StorageUnavailable.code in page.text


def test_console_edits_nothing(console):
    job = job_assigned()

    with nothing_written():
        answer = console.post(reverse("admin:jobs_job_change", args=[job.pk]), {"address": "elsewhere"})

    assert answer.status_code == 403


def test_console_cancels_with_a_reason(console, staff):
    job = job_in_progress()

    console.post(_act(job, "cancel"), {"reason": "Fraud."})

    after = stored(job)
    assert (after.status, after.cancel_note) == (JobStatus.CANCELLED, "Fraud.")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason, entry.source, entry.actor_id) == ("job.cancel", "Fraud.", "CONSOLE", staff.pk)


def test_console_searches_again_with_a_reason(console):
    job = job_unmatched()

    console.post(_act(job, "rematch"), {"reason": "Somebody is free now."})

    assert stored(job).status == JobStatus.MATCHING
    assert AuditEntry.objects.get().action == "job.rematch"


@pytest.mark.parametrize("reason", ["", "  "])
def test_console_asks_why(console, reason):
    job = job_in_progress()

    with nothing_written():
        page = console.post(_act(job, "cancel"), {"reason": reason})

    assert page.status_code == 200
    assert "This field is required." in page.text


def test_console_says_what_is_refused(console):
    job = job_completed()

    with nothing_written():
        page = console.post(_act(job, "cancel"), {"reason": "Fraud."}, follow=True)

    assert "ILLEGAL_TRANSITION" in page.text


def test_console_is_closed_to_everybody_else(client):
    job = job_assigned()
    client.force_login(job.customer)

    with nothing_written():
        answer = client.post(_act(job, "cancel"), {"reason": "Mine."})

    assert answer.status_code == 302
    assert "/admin/login/" in answer.headers["Location"]
