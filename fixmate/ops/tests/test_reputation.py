"""What services count of a technician one by one is what all the rows say together."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from disputes.enums import DisputeOutcome
from disputes.services import dispute_resolve
from disputes.tests.factories import dispute_under_review
from fixmate.core import clock
from fixmate.core.geo import Point
from fixmate.ops.tests.breaking import broken_names_of_figures_too
from jobs.enums import CancelReason
from jobs.models import Job
from jobs.services import job_complete_by_technician, job_release_by_technician, job_start_by_technician
from jobs.tests.factories import job_matching
from matching.enums import RejectReason
from matching.models import Offer
from matching.services import matching_run_pass, offer_accept, offer_expire_due, offer_mark_seen, offer_reject
from reviews.services import review_create, review_hide
from technicians.enums import RATED
from technicians.hooks import figure_columns
from technicians.models import Technician
from technicians.services import reputation_rebuild, reputation_rebuild_preview
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db
NAME = "reputation_is_that_of_the_rows"
COLUMNS = {
    "offers_received",
    "offers_decided",
    "offers_accepted",
    "jobs_assigned",
    "jobs_completed",
    "jobs_released",
    "jobs_reworked",
    "visits_begun",
    "visits_punctual",
    *(f"{name}_{part}" for name in RATED for part in ("sum", "count")),
}


def offered(service, **facts):
    """Return an offer that the engine has made, of a job of now or of later."""
    job = job_matching(service=service, **facts)
    matching_run_pass(job_id=job.pk)
    return Offer.objects.get(job=job)


def rested(technician):
    Technician.objects.filter(pk=technician.pk).update(cooldown_until=None)


def accepted(technician, service, **facts):
    offer = offered(service, **facts)
    offer_accept(offer_id=offer.pk, actor=technician.user)
    return Job.objects.get(pk=offer.job_id)


def finished(job):
    actor = job.technician.user
    job_start_by_technician(job_id=job.pk, actor=actor, here=Point(job.latitude, job.longitude))
    job_complete_by_technician(job_id=job.pk, actor=actor, work_summary="Done.")
    return job


@pytest.fixture
def worked(noon, settings):
    """A technician to whom everything has happened that is counted, by the services."""
    settings.START_CODE_REQUIRED = False
    settings.POSITION_FRESH_S = 10**6
    service = ServiceFactory()
    technician, staff = technician_ready(service), UserFactory(admin=True)

    offer_reject(offer_id=offered(service, created_at=noon).pk, actor=technician.user, reason=RejectReason.OTHER)
    rested(technician)
    seen = offered(service, created_at=noon)
    offer_mark_seen(offer_id=seen.pk, actor=technician.user)
    with clock.frozen(noon + timedelta(minutes=5)):
        offer_expire_due()
    rested(technician)
    given_back = accepted(technician, service, created_at=noon)
    job_release_by_technician(job_id=given_back.pk, actor=technician.user, reason=CancelReason.EMERGENCY)
    first = finished(accepted(technician, service, created_at=noon))
    later = accepted(technician, service, created_at=noon, scheduled_for=noon + timedelta(hours=1))
    with clock.frozen(noon + timedelta(hours=1)):
        second = finished(later)

    aspects = {"punctual": 5, "quality": 2, "price": 4, "conduct": 3}
    review_create(job_id=first.pk, actor=first.customer, rating=4, aspects=aspects)
    hidden = review_create(job_id=second.pk, actor=second.customer, rating=1, aspects=aspects)
    review_hide(review_id=hidden.pk, actor=staff, reason="It names a neighbour.")
    dispute = dispute_under_review(job=Job.objects.get(pk=first.pk))
    dispute_resolve(dispute_id=dispute.pk, actor=staff, outcome=DisputeOutcome.FOR_CUSTOMER, note="It drips.")
    return technician


def figures(technician):
    return Technician.objects.values(*sorted(COLUMNS)).get(pk=technician.pk)


def test_every_figure_has_somebody_who_counts_it():
    assert sorted(figure_columns()) == sorted(COLUMNS)


def test_what_is_kept_is_what_is_counted(worked):
    assert figures(worked) == {
        "offers_received": 5,
        "offers_decided": 5,
        "offers_accepted": 3,
        "jobs_assigned": 3,
        "jobs_completed": 2,
        "jobs_released": 1,
        "jobs_reworked": 1,
        "visits_begun": 1,
        "visits_punctual": 1,
        "rating_sum": 4,
        "rating_count": 1,
        "punctual_sum": 5,
        "punctual_count": 1,
        "quality_sum": 2,
        "quality_count": 1,
        "price_sum": 4,
        "price_count": 1,
        "conduct_sum": 3,
        "conduct_count": 1,
    }
    assert NAME not in broken_names_of_figures_too()
    assert reputation_rebuild_preview() == []


def test_what_was_lost_is_found_and_counted_again(worked):
    kept = figures(worked)
    Technician.objects.update(**dict.fromkeys(COLUMNS, 0), recent_accepted=0)

    broken, rebuilt = broken_names_of_figures_too(), reputation_rebuild()

    assert NAME in broken
    [difference] = rebuilt
    assert (difference.technician_id, set(difference.figures)) == (worked.pk, COLUMNS)
    assert {held for held, _ in difference.figures.values()} == {0}
    assert figures(worked) == kept
    assert NAME not in broken_names_of_figures_too()
