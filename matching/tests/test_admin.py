import pytest
from django.urls import reverse

from jobs.tests.factories import JobFactory
from matching.models import MatchingPass, Offer
from matching.services import matching_run_pass
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _matched(noon):
    job = JobFactory(created_at=noon)
    technician_ready(job.service)
    matching_run_pass(job_id=job.pk)


@pytest.mark.parametrize("model", [MatchingPass, Offer])
def test_console_lists_and_shows_and_changes_nothing(console, model):
    name, row = model._meta.model_name, model.objects.get()
    shown = reverse(f"admin:matching_{name}_change", args=[row.pk])

    listed = console.get(reverse(f"admin:matching_{name}_changelist")).content.decode()

    assert str(row.pk) in listed
    assert console.get(shown).status_code == 200
    assert console.post(shown, {}).status_code == 403
    assert console.get(reverse(f"admin:matching_{name}_add")).status_code == 403


def test_console_shows_why_the_technician_was_chosen(console):
    shown = reverse("admin:matching_matchingpass_change", args=[MatchingPass.objects.get().pk])

    page = console.get(shown).content.decode()

    assert "nearness" in page
    assert "TRAVEL_RADIUS" in page


def test_page_of_the_job_tells_how_it_was_matched(console):
    offer = Offer.objects.get()

    page = console.get(reverse("admin:jobs_job_change", args=[offer.job_id])).content.decode()

    assert "How it was matched" in page
    assert f"Offer 1 to {offer.technician_id} by ENGINE" in page
