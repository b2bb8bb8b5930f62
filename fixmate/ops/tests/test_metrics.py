from datetime import timedelta

import pytest
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families

from disputes.services import dispute_withdraw
from disputes.tests.helpers import opened
from fixmate.core import clock, triggers
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import Heartbeat, OutboxMessage
from fixmate.core.sms import SmsCapReached, sms_send
from fixmate.core.tests.http import client_for
from fixmate.ops import metrics
from jobs.enums import JobStatus
from jobs.tests.factories import JobFactory, job_assigned, job_completed, job_in_progress, job_matching, job_unmatched
from matching.enums import AlertKind, OfferStatus, PassOutcome
from matching.models import Alert, MatchingPass
from matching.services import offer_expire_due
from matching.tests.factories import OfferFactory, offer_expired, offer_rejected
from payments.enums import CallKind, Provider
from payments.models import ProviderCall
from payments.tests.factories import PaymentFactory

pytestmark = pytest.mark.django_db


def scraped():
    """Return every sample of a scrape, by its name and labels."""
    text = client_for().get("/metrics").content.decode()
    return {
        (sample.name.removeprefix("fixmate_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(samples, name):
    return {labels[0]: value for (found, *labels), value in samples.items() if found == name and value}


def passed(job, number=1, **kwargs):
    facts = {"policy": "index", "policy_version": "v", "radius_m": 1, "seed": "s", "outcome": PassOutcome.NOBODY}
    numbers = {"search_number": 1, "looked_at": 0, "passed": 0, "duration_ms": 1, "digest": "d"}
    return MatchingPass.objects.create(job=job, number=number, **(facts | numbers | kwargs))


def test_an_idle_system_has_every_metric_at_rest(noon):
    samples = scraped()

    assert samples.pop(("sweeper_heartbeat_age_seconds",)) == float("inf")
    assert set(samples.values()) == {0}
    assert {name for name, *_ in samples} == {
        "accept_conflicts_total",
        "alerts_open",
        "dispute_deadlines_overdue",
        "webhooks_left",
        "idempotent_replays_total",
        "jobs_last_hour",
        "jobs_open",
        "jobs_open_oldest_seconds",
        "offer_oldest_overdue_seconds",
        "offers_last_hour",
        "offers_total",
        "outbox_dead_letters",
        "outbox_oldest_due_seconds",
        "pass_candidates_bucket",
        "pass_candidates_count",
        "pass_candidates_sum",
        "pass_duration_seconds_bucket",
        "pass_duration_seconds_count",
        "pass_duration_seconds_sum",
        "provider_calls_stuck",
        "sms_total",
    }


def test_offers_are_counted_by_outcome_and_the_most_overdue_shows(noon):
    OfferFactory(created_at=noon - timedelta(seconds=105))
    OfferFactory(created_at=noon)
    offer_rejected(created_at=noon)
    offer_expired(created_at=noon - timedelta(hours=1))
    offer_expired(created_at=noon - timedelta(hours=1, seconds=1))

    samples = scraped()

    assert samples["offer_oldest_overdue_seconds",] == 45
    assert of(samples, "offers_last_hour") == {OfferStatus.PENDING: 2, OfferStatus.REJECTED: 1, OfferStatus.EXPIRED: 1}


def test_offers_are_counted_by_how_they_ended(noon, django_capture_on_commit_callbacks):
    accepted, rejected, expired = (OfferFactory(created_at=noon) for _ in range(3))
    with django_capture_on_commit_callbacks(execute=True):
        client_for(accepted.technician.user).post(f"/api/v1/offers/{accepted.pk}/accept")
        client_for(rejected.technician.user).post(f"/api/v1/offers/{rejected.pk}/reject", {"reason": "BUSY"})
    with clock.frozen(expired.expires_at), django_capture_on_commit_callbacks(execute=True):
        offer_expire_due()

    assert of(scraped(), "offers_total") == {"ACCEPTED": 1, "REJECTED": 1, "EXPIRED": 1}


def test_end_that_is_rolled_back_is_not_counted(noon, django_capture_on_commit_callbacks):
    offer = OfferFactory(created_at=noon)
    job_assigned(offer.technician, created_at=noon)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client_for(offer.technician.user).post(f"/api/v1/offers/{offer.pk}/accept")

    assert answer.status_code == 409
    assert of(scraped(), "offers_total") == {}


def test_totals_stay_when_offers_are_gone(noon, django_capture_on_commit_callbacks):
    offer = OfferFactory(created_at=noon)
    with django_capture_on_commit_callbacks(execute=True):
        client_for(offer.technician.user).post(f"/api/v1/offers/{offer.pk}/reject", {"reason": "BUSY"})
    with connection.cursor() as cursor:
        triggers.drop_triggers()
        cursor.execute("DELETE FROM matching_offerevent")
        cursor.execute("DELETE FROM matching_offer")

    samples = scraped()
    triggers.install_triggers()

    assert of(samples, "offers_last_hour") == {}
    assert of(samples, "offers_total") == {"REJECTED": 1}


def test_the_outbox_shows_what_is_due_and_what_is_dead(noon):
    for seconds, status in [(-90, OutboxStatus.READY), (60, OutboxStatus.READY), (-900, OutboxStatus.DEAD)]:
        OutboxMessage.objects.create(task="x.y", status=status, run_at=noon + timedelta(seconds=seconds))

    samples = scraped()

    assert (samples["outbox_oldest_due_seconds",], samples["outbox_dead_letters",]) == (90, 1)


def test_a_row_that_waits_for_its_next_try_is_not_overdue(noon):
    OutboxMessage.objects.create(task="x.y", run_at=noon + timedelta(seconds=60))

    assert scraped()["outbox_oldest_due_seconds",] == 0


def test_the_heartbeat_shows_its_age(noon):
    Heartbeat.objects.create(name="work", at=noon - timedelta(seconds=61))

    assert scraped()["sweeper_heartbeat_age_seconds",] == 61


def test_open_jobs_are_counted_by_state_with_the_age_of_the_oldest(noon):
    made = [
        JobFactory(),
        job_matching(),
        OfferFactory(created_at=noon).job,
        job_assigned(),
        job_assigned(),
        job_in_progress(),
    ]
    job_completed()
    job_unmatched()
    expected = {
        JobStatus.REQUESTED: made[0].created_at,
        JobStatus.MATCHING: min(made[1].search_started_at, made[2].search_started_at),
        JobStatus.ASSIGNED: min(made[3].assigned_at, made[4].assigned_at),
        JobStatus.IN_PROGRESS: made[5].started_at,
    }

    at = max(expected.values()) + timedelta(hours=2)
    with clock.frozen(at):
        samples = scraped()

    assert of(samples, "jobs_open") == {"REQUESTED": 1, "MATCHING": 2, "ASSIGNED": 2, "IN_PROGRESS": 1}
    ages = {status: (at - since).total_seconds() for status, since in expected.items()}
    assert of(samples, "jobs_open_oldest_seconds") == pytest.approx(ages)


def test_job_that_is_stuck_counts_as_open(noon):
    stuck = job_matching()
    stuck.next_pass_at = None
    stuck.save()

    with clock.frozen(stuck.search_started_at + timedelta(hours=2)):
        samples = scraped()

    assert of(samples, "jobs_open") == {JobStatus.MATCHING: 1}
    assert of(samples, "jobs_open_oldest_seconds") == {JobStatus.MATCHING: 7200}


def test_jobs_of_the_last_hour_are_counted_in_every_state(noon):
    JobFactory(created_at=noon)
    JobFactory(created_at=noon - timedelta(hours=1, seconds=1))

    assert of(scraped(), "jobs_last_hour") == {JobStatus.REQUESTED: 1}


def test_passes_of_the_last_quarter_make_the_histograms(noon):
    job = job_matching()
    passed(job, 1, started_at=noon - timedelta(minutes=15), duration_ms=10, looked_at=3, passed=1)
    passed(job, 2, started_at=noon, duration_ms=6_000, looked_at=700)
    passed(job, 3, started_at=noon - timedelta(minutes=15, seconds=1), duration_ms=5)

    samples = scraped()

    durations = {key[1]: value for key, value in samples.items() if key[0] == "pass_duration_seconds_bucket"}
    assert (durations["0.005"], durations["0.01"], durations["5.0"], durations["+Inf"]) == (0, 1, 1, 2)
    assert (samples["pass_duration_seconds_count",], samples["pass_duration_seconds_sum",]) == (2, 6.01)
    candidates = {key[1]: value for key, value in samples.items() if key[0] == "pass_candidates_bucket"}
    assert (candidates["2.0"], candidates["5.0"], candidates["500.0"], candidates["+Inf"]) == (0, 1, 1, 2)
    assert samples["pass_candidates_sum",] == 703


def test_open_alerts_are_counted_by_kind(noon):
    for subject, closed_at in [("a", None), ("b", None), ("c", noon)]:
        Alert.objects.create(kind=AlertKind.SCARCITY, subject=subject, opened_at=noon, closed_at=closed_at)

    assert of(scraped(), "alerts_open") == {AlertKind.SCARCITY: 2}


def test_deadlines_of_disputes_that_ran_out_are_counted_by_kind(noon):
    dispute = opened(job_completed(created_at=noon))
    with clock.frozen(noon + timedelta(hours=25)):
        assert of(scraped(), "dispute_deadlines_overdue") == {"STAFF_ANSWER": 1}
    with clock.frozen(noon + timedelta(days=11)):
        assert of(scraped(), "dispute_deadlines_overdue") == {"STAFF_ANSWER": 1, "SIDE_ANSWER": 1, "DECISION": 1}
        dispute_withdraw(dispute_id=dispute.pk, actor=dispute.opened_by)
        assert of(scraped(), "dispute_deadlines_overdue") == {}


def test_questions_that_no_provider_answers_are_counted(noon):
    payment = PaymentFactory()
    for minutes in (14, 15, 16):
        asked_at = noon - timedelta(minutes=minutes)
        about = {"payment": payment, "created_at": asked_at, "next_try_at": noon}
        ProviderCall.objects.create(provider=Provider.STRIPE, kind=CallKind.ACCOUNT, **about)

    assert scraped()["provider_calls_stuck",] == 2


def test_accepts_that_came_too_late_are_counted(noon):
    open_offer, closed = OfferFactory(created_at=noon), offer_rejected(created_at=noon)
    technician = client_for(closed.technician.user)

    first = technician.post(f"/api/v1/offers/{closed.pk}/accept").json()["error"]["code"]
    with clock.frozen(open_offer.expires_at):
        second = client_for(open_offer.technician.user).post(f"/api/v1/offers/{open_offer.pk}/accept")

    assert (first, second.status_code) == ("OFFER_CLOSED", 409)
    assert of(scraped(), "accept_conflicts_total") == {"OFFER_CLOSED": 1, "OFFER_EXPIRED": 1}


@pytest.mark.parametrize("item_count", [1, 3])
def test_a_scrape_takes_a_constant_number_of_queries(noon, item_count, django_assert_num_queries):
    for _ in range(item_count):
        passed(job_matching(), started_at=noon)
        OfferFactory(created_at=noon)
        job_assigned()

    with django_assert_num_queries(13 + _queries_of_the_tallies()):
        metrics.metrics_text()


def _queries_of_the_tallies():
    from django.core.cache import caches

    return 11 if "Database" in type(caches["ratelimit"]).__name__ else 0


def test_the_floor_of_ids_is_below_every_id_of_the_window(noon):
    offer = OfferFactory()

    assert metrics.id_floor(offer.created_at) < offer.pk < metrics.id_floor(offer.created_at + timedelta(days=1))


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plans of PostgreSQL")
def test_the_windows_are_read_by_an_index(noon):
    plans = []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    def explain(execute, sql, params, many, context):
        if sql.startswith("SELECT") and "matching_" in sql:
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN " + sql, params)
                plans.append("\n".join(row[0] for row in cursor.fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        metrics.metrics_text()

    assert plans
    assert not [plan for plan in plans if "Seq Scan" in plan]


# Who may scrape


def test_without_a_token_this_machine_alone_may_scrape():
    client = client_for()

    answers = [
        client.get("/metrics", REMOTE_ADDR=address, **headers).status_code
        for address, headers in [
            ("127.0.0.1", {}),
            ("::1", {}),
            ("10.0.0.5", {}),
            ("", {}),
            ("127.0.0.1", {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}),
            ("127.0.0.1", {"HTTP_FORWARDED": "for=127.0.0.1"}),
        ]
    ]

    assert answers == [200, 200, 403, 403, 403, 403]


def test_with_a_token_whoever_has_it_may_scrape(settings):
    settings.METRICS_TOKEN = "open-sesame"
    client = client_for()

    answers = [
        client.get("/metrics", REMOTE_ADDR="10.0.0.5", HTTP_AUTHORIZATION=given)
        for given in ("Bearer open-sesame", "Bearer open-sesam", "open-sesame", "Bearer ", "Bearer ärger", "")
    ]

    assert [answer.status_code for answer in answers] == [200, 403, 403, 403, 403, 403]
    assert answers[1].json()["error"]["code"] == "PERMISSION_DENIED"
    assert "no-store" in answers[0]["Cache-Control"]


def test_the_answer_is_the_text_format_whatever_is_accepted():
    answer = client_for().get("/metrics", HTTP_ACCEPT="text/plain;version=0.0.4")

    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_messages_are_counted_by_what_became_of_them(settings, tmp_path):
    settings.SMS_FILE_PATH, settings.SMS_PER_HOUR = tmp_path / "sms", 1
    sms_send(to="+12025550143", text="One")
    with pytest.raises(SmsCapReached):
        sms_send(to="+12025550143", text="Two")

    assert of(scraped(), "sms_total") == {"sent": 1, "capped": 1}
