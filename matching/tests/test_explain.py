import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.tests.http import NOBODY, client_for
from jobs.tests.factories import JobFactory
from matching.enums import Gate, RejectReason
from matching.models import CandidateDecision, Offer, PolicyVersion, ShadowRanking
from matching.services import (
    job_story,
    job_story_of,
    matching_run_pass,
    offer_accept,
    offer_mark_seen,
    offer_reject,
    story_lines,
)
from matching.tests.helpers import KM, near
from technicians.services import technician_go_offline, technician_go_online
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
STEP = timedelta(seconds=10)


@pytest.fixture
def job(noon):
    return JobFactory(created_at=noon)


def text_of(*args):
    out = StringIO()
    call_command("explain_job", *args, stdout=out)
    return out.getvalue()


# The story of a job


def test_story_tells_every_pass_candidate_and_offer(job, noon):
    best, second = near(job, 1.0), near(job, 2.0)
    small = near(job, 3.0, travel_radius_m=100, base_latitude=job.latitude + 3 * KM)
    matching_run_pass(job_id=job.pk)
    offer = Offer.objects.get()
    offer_mark_seen(offer_id=offer.pk, actor=best.user)
    offer_reject(offer_id=offer.pk, actor=best.user, reason=RejectReason.BUSY)

    story = job_story(job.pk)

    (one,) = story["passes"]
    assert (story["job"]["status"], story["job"]["technician"]) == ("MATCHING", None)
    assert (one["number"], one["outcome"], one["seed"], one["looked_at"]) == (1, "OFFERED", f"{job.pk}:1", 3)
    assert [row["technician"] for row in one["candidates"]] == [str(best.pk), str(second.pk), str(small.pk)]
    assert [row["was_offered"] for row in one["candidates"]] == [True, False, False]
    assert [verdict["gate"] for verdict in one["candidates"][2]["kept_out"]] == [Gate.TRAVEL_RADIUS]
    assert [(row["status"], row["reject_reason"]) for row in story["offers"]] == [("REJECTED", "BUSY")]
    assert json.loads(json.dumps(story)) == story


def test_story_reads_as_text(job, noon):
    best = near(job, 1.0)
    small = near(job, 3.0, travel_radius_m=100, base_latitude=job.latitude + 3 * KM)
    matching_run_pass(job_id=job.pk)
    offer_accept(offer_id=Offer.objects.get().pk, actor=best.user)

    text = text_of(str(job.pk))

    assert f"technician {best.pk} has it" in text
    assert "2 looked at, 1 passed, OFFERED." in text
    assert f"  1. {best.pk}" in text
    assert f"  -  {small.pk}" in text
    assert "TRAVEL_RADIUS: 2.9 km beyond your travel radius" in text
    assert f"Offer 1 to {best.pk} by ENGINE" in text
    assert "never seen, ACCEPTED" in text


def test_story_marks_lot_guard_and_fallback(job):
    near(job)
    matching_run_pass(job_id=job.pk)
    story = job_story(job.pk)
    story["passes"][0] |= {"is_exploration": True, "is_guarded": True, "fallback": "it raised ValueError"}

    text = "\n".join(story_lines(story))

    assert "by lot, starvation guard, nearest instead: it raised ValueError:" in text


def test_open_offer_that_was_seen_is_told_with_its_deadline(job, noon):
    technician = near(job)
    matching_run_pass(job_id=job.pk)
    offer_mark_seen(offer_id=Offer.objects.get().pk, actor=technician.user)

    assert "seen 2026-03-02T12:00:00+00:00, PENDING until 2026-03-02T12:01:00" in text_of(str(job.pk))


def test_job_nobody_looked_for_yet_has_a_short_story(job):
    assert text_of(str(job.pk)).splitlines()[1:] == ["No pass has looked for anybody yet."]


def test_command_prints_json(job):
    near(job)
    matching_run_pass(job_id=job.pk)

    assert json.loads(text_of(str(job.pk), "--json")) == job_story(job.pk)


@pytest.mark.parametrize("args", [[str(NOBODY)], ["{job}", "--technician", str(NOBODY)]])
def test_command_knows_no_such_job_or_technician(job, args):
    with pytest.raises(CommandError, match="no such job"):
        text_of(*(arg.format(job=job.pk) for arg in args))


# The story of one technician in it


def test_ranked_technician_is_told_his_place_and_gates(job):
    technician = near(job)
    matching_run_pass(job_id=job.pk)

    story = job_story_of(job.pk, technician.pk)
    text = text_of(str(job.pk), "--technician", str(technician.pk))

    (one,) = story["passes"]
    assert (one["was_looked_at"], one["rank"], one["was_offered"]) == (True, 1, True)
    assert [verdict["gate"] for verdict in one["verdicts"]] == list(Gate.values)
    assert "  rank 1: " in text
    assert "VERIFIED       passed    VERIFIED against VERIFIED" in text


def test_technician_kept_out_is_told_by_what_from_the_record(job):
    technician = near(job, 3.0, travel_radius_m=100, base_latitude=job.latitude + 3 * KM)
    matching_run_pass(job_id=job.pk)

    assert "kept out: TRAVEL_RADIUS: 2.9 km beyond" in text_of(str(job.pk), "--technician", str(technician.pk))


def test_technician_who_was_offline_is_told_so_afterwards(job, noon):
    technician = near(job)
    technician_go_offline(technician_id=technician.pk)
    with clock.frozen(noon + STEP):
        matching_run_pass(job_id=job.pk)
    with clock.frozen(noon + 2 * STEP):
        technician_go_online(technician_id=technician.pk)

    text = text_of(str(job.pk), "--technician", str(technician.pk))

    assert "was not looked at: ONLINE: offline since 2026-03-02 12:00 UTC" in text


def test_technician_of_whom_nothing_is_known_is_told_that(job, noon):
    technician = TechnicianFactory()
    matching_run_pass(job_id=job.pk)

    text = text_of(str(job.pk), "--technician", str(technician.pk))

    assert "was not looked at; what he was like then is not known" in text


def test_technician_behind_those_looked_at_is_told_that_others_stood_before_him(job, noon, settings):
    settings.CANDIDATES_KEPT = 1
    near(job, 1.0)
    second = near(job, 5.0)
    matching_run_pass(job_id=job.pk)

    text = text_of(str(job.pk), "--technician", str(second.pk))

    assert "was not looked at: others stood before him among the 1 looked at" in text


def test_pass_equal_to_the_last_is_told_from_that_one(job, noon):
    technician = near(job, 3.0, travel_radius_m=100, base_latitude=job.latitude + 3 * KM)
    matching_run_pass(job_id=job.pk)
    with clock.frozen(noon + STEP):
        matching_run_pass(job_id=job.pk)

    assert CandidateDecision.objects.count() == 1
    assert [one["was_looked_at"] for one in job_story_of(job.pk, technician.pk)["passes"]] == [True, True]
    assert [len(one["candidates"]) for one in job_story(job.pk)["passes"]] == [1, 1]


# The record over REST


def test_staff_read_shadows_and_where_candidates_are_recorded(job, noon):
    near(job, 3.0, travel_radius_m=100, base_latitude=job.latitude + 3 * KM)
    first = matching_run_pass(job_id=job.pk)
    with clock.frozen(noon + STEP):
        matching_run_pass(job_id=job.pk)
    version = PolicyVersion.objects.create(key="nearest", version="other", created_at=noon)
    order = [{"technician": "x", "score": 1.0}]
    ShadowRanking.objects.create(matching_pass=first, version=version, order=order, duration_ms=1.0)

    body = client_for(UserFactory(admin=True)).get(f"/api/v1/jobs/{job.pk}/matching").json()["results"]

    assert [(one["recorded_in"], len(one["candidates"])) for one in body] == [(1, 1), (1, 0)]
    assert body[0]["seed"] == f"{job.pk}:1"
    assert (body[0]["is_exploration"], body[0]["is_guarded"], body[0]["fallback"]) == (False, False, "")
    shadow = {"policy": "nearest", "policy_version": "other", "order": order, "duration_ms": 1.0, "failure": ""}
    assert body[0]["shadows"] == [shadow]
    assert body[0]["candidates"][0]["propensity"] is None
