"""Every invariant holds over a healthy database; the command asks them all, each of one snapshot."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tests.factories import UserFactory
from fixmate.core import audit
from fixmate.core.enums import OutboxStatus
from fixmate.core.models import OutboxMessage
from fixmate.ops import invariants
from fixmate.ops.invariants import all_invariants
from fixmate.ops.tests.breaking import broken_names, finish
from jobs.models import Job
from jobs.tests.factories import (
    JobFactory,
    job_cancelled,
    job_matching,
    job_unmatched,
)
from matching.answers import answers_count
from matching.tests.factories import OfferFactory, offer_accepted, offer_expired, offer_rejected
from payments.tests.factories import payment_captured
from reviews.models import Review
from technicians.models import Technician

pytestmark = pytest.mark.django_db


# A healthy database


def test_everything_holds_over_nothing():
    assert broken_names() == []


def test_everything_holds_over_jobs_in_every_state():
    JobFactory()
    job_unmatched()
    job_matching()
    job_cancelled()
    OfferFactory()
    closed = [offer_rejected().job_id, offer_expired().job_id]
    Job.objects.filter(pk__in=closed).update(next_pass_at=timezone.now())  # the service sets the timer on
    offer_accepted()
    finished = offer_accepted(created_at=timezone.now() - timedelta(hours=3))
    finish(finished.job)
    payment_captured(job=finished.job)
    technician = finished.technician
    Review.objects.create(
        job=finished.job, customer=finished.job.customer, technician=technician, rating=4, created_at=timezone.now()
    )
    Technician.objects.filter(pk=technician.pk).update(rating_sum=4, rating_count=1)
    audit.record(actor=UserFactory(admin=True), action="test", target=technician, reason="for the chain")
    OutboxMessage.objects.create(task="x.y")

    assert broken_names() == []


# The command


def test_check_invariants_prints_a_line_each(capsys):
    call_command("check_invariants")

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(all_invariants()) + 1
    assert all(line.startswith("holds ") for line in lines[:-1])
    assert lines[-1] == f"{len(all_invariants())} invariants checked, 0 broken"


def test_check_invariants_shows_the_first_rows_of_a_broken_one_and_fails(capsys):
    for number in range(7):
        OutboxMessage.objects.create(task=f"x.{number}", status=OutboxStatus.DEAD)

    with pytest.raises(SystemExit) as ended:
        call_command("check_invariants")

    out = capsys.readouterr().out
    assert ended.value.code == 1
    assert "BROKEN      7  outbox_has_no_dead_rows" in out
    assert "x.4" in out
    assert "x.5" not in out
    assert "and 2 more" in out


def test_check_invariants_as_json(capsys):
    OutboxMessage.objects.create(task="x.y", status=OutboxStatus.DEAD)

    with pytest.raises(SystemExit):
        call_command("check_invariants", json=True)

    found = json.loads(capsys.readouterr().out)
    assert (found["checked"], found["broken"]) == (len(all_invariants()), 1)
    [broken] = [row for row in found["invariants"] if row["broken"]]
    assert (broken["name"], broken["broken"]) == ("outbox_has_no_dead_rows", 1)
    assert broken["rows"][0].startswith("x.y #")


def test_check_invariants_changes_nothing():
    with CaptureQueriesContext(connection) as captured:
        call_command("check_invariants", json=True)

    verbs = {query["sql"].split()[0].strip("(") for query in captured}
    assert verbs <= {"SELECT", "DECLARE"}


# One snapshot


@pytest.mark.django_db(transaction=True)
def test_writer_between_two_reads_makes_no_finding(monkeypatch):
    """The second read must not see the answers that came after the first: two, beside a count of one."""
    old = OfferFactory(created_at=timezone.now() - timedelta(days=31))
    _answer(old)
    reads = []

    def counted(**facts):
        if not reads:
            _in_another_process(lambda: [_answer(OfferFactory(technician=old.technician)) for _ in range(2)])
        reads.append(facts["since"])
        return answers_count(**facts)

    monkeypatch.setattr(invariants, "answers_count", counted)
    [answers] = [one for one in all_invariants() if one.name == "answers_are_those_of_the_offers"]

    assert answers.broken() == []
    assert len(reads) == 2
    assert Technician.objects.get(pk=old.technician_id).recent_decided == 3


def _answer(offer):
    offer.reject(reason="BUSY", note="", at=offer.created_at)
    offer.save()
    Technician.objects.filter(pk=offer.technician_id).update(recent_decided=F("recent_decided") + 1)


def _in_another_process(write):
    """Commit over another connection, as another process would."""

    def run():
        try:
            write()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result(timeout=20)
