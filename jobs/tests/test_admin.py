import pytest
from django.urls import reverse

from accounts.tests.factories import UserFactory
from fixmate.core.models import AuditEntry
from jobs.enums import JobStatus
from jobs.tests.factories import job_assigned, job_completed, job_in_progress, job_unmatched
from jobs.tests.helpers import nothing_written, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return UserFactory(admin=True)


@pytest.fixture
def console(client, admin):
    client.force_login(admin)
    return client


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


def test_console_edits_nothing(console):
    job = job_assigned()

    with nothing_written():
        answer = console.post(reverse("admin:jobs_job_change", args=[job.pk]), {"address": "elsewhere"})

    assert answer.status_code == 403


def test_console_cancels_with_a_reason(console, admin):
    job = job_in_progress()

    console.post(_act(job, "cancel"), {"reason": "Fraud."})

    after = stored(job)
    assert (after.status, after.cancel_note) == (JobStatus.CANCELLED, "Fraud.")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason, entry.source, entry.actor_id) == ("job.cancel", "Fraud.", "CONSOLE", admin.pk)


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
