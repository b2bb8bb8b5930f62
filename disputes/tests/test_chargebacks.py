from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.tests.factories import UserFactory
from disputes.case_files import case_file
from disputes.enums import DeadlineKind, DisputeOutcome, DisputeStatus
from disputes.errors import EvidenceOwed
from disputes.models import Dispute, DisputeChargeback, DisputeDeadline
from disputes.services import (
    dispute_begin_review,
    dispute_dismiss,
    dispute_follow_chargeback,
    dispute_remind_due,
    dispute_resolve,
    dispute_withdraw,
)
from disputes.tasks import follow_chargeback
from disputes.tests.factories import dispute_dismissed
from disputes.tests.helpers import opened, owed, thread, written
from fixmate.core import clock
from fixmate.core.errors import Forbidden
from fixmate.core.models import OutboxMessage
from fixmate.core.tests.http import client_for
from fixmate.core.tests.races import at_once
from jobs.models import Job
from payments.models import Payment
from payments.providers import ChargebackIs
from payments.tests.factories import chargeback_of, payment_held

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)
EVIDENCE = DeadlineKind.PROVIDER_EVIDENCE


@pytest.fixture
def at(noon):
    with clock.frozen(noon):
        yield noon


@pytest.fixture
def payment(at):
    return payment_held(at=at)


def follow(chargeback):
    return dispute_follow_chargeback(chargeback_id=chargeback.pk)


def heard(payment, **facts):
    return follow(chargeback_of(payment, **facts))


def evidence():
    """Until when staff owe a bank evidence."""
    return list(DisputeDeadline.objects.filter(kind=EVIDENCE, ended_at__isnull=True).values_list("remind_at", "due_at"))


# Opening and joining


def test_it_opens_a_dispute_that_nobody_opened(payment, at):
    dispute = heard(payment)

    assert (dispute.job, dispute.technician) == (payment.job, payment.technician)
    assert (dispute.opened_by, dispute.category, dispute.status) == (None, "CHARGEBACK", "OPEN")
    assert thread() == [("OPENED", "", ""), ("CHARGED_BACK", "", "100.00 USD")]
    assert [kind for kind, _, _ in owed()] == ["STAFF_ANSWER", "DECISION", "SIDE_ANSWER"]
    assert [side for _, side, _ in owed()] == ["", "", "TECHNICIAN"]
    assert Payment.objects.get().payout_frozen_at == at


def test_both_sides_are_told(payment):
    heard(payment)

    tasks = set(OutboxMessage.objects.values_list("task", flat=True))
    assert {"notifications.dispute_opened", "notifications.dispute_spoken"} <= tasks


def test_it_joins_the_dispute_there_is(payment):
    dispute = opened(payment.job)

    assert heard(payment) == dispute

    assert Dispute.objects.get().opened_by == payment.customer
    assert thread()[1:] == [("CHARGED_BACK", "", "100.00 USD")]
    assert str(DisputeChargeback.objects.get()).endswith(f" in {dispute.pk}")


def test_a_dispute_that_is_closed_is_not_joined(payment):
    dispute_dismissed(job=payment.job)

    heard(payment)

    assert Dispute.objects.filter(status=DisputeStatus.OPEN).count() == 1


def test_the_time_to_open_one_does_not_matter(payment, at):
    Job.objects.filter(pk=payment.job_id).update(completed_at=at - timedelta(days=100))

    assert heard(payment).is_live


def test_the_same_news_again_write_nothing(payment, at):
    chargeback = chargeback_of(payment, evidence_due_at=at + WEEK)
    follow(chargeback)
    before = written()

    follow_chargeback(chargeback_id=str(chargeback.pk))

    assert written() == before


def test_where_no_technician_had_the_job_there_is_nobody_to_hear(payment, at):
    chargeback = chargeback_of(payment)
    cancelled = {"status": "CANCELLED", "cancelled_at": at, "completed_at": None, "technician": None}
    Job.objects.filter(pk=payment.job_id).update(**cancelled)

    assert follow(chargeback) is None
    assert not Dispute.objects.exists()


def test_the_job_stays_as_it_is(payment):
    before = Job.objects.values().get()

    heard(payment, status=ChargebackIs.LOST)

    assert Job.objects.values().get() == before


# Evidence


def test_staff_owe_evidence_until_the_providers_deadline(payment, at):
    dispute = heard(payment, evidence_due_at=at + WEEK)

    assert evidence() == [(at + WEEK * 0.75, at + WEEK)]
    assert owed()[-1] == (EVIDENCE, "", at + WEEK)
    assert Dispute.objects.get().due_at == at + timedelta(days=1)
    assert dispute.is_live


def test_a_deadline_that_is_over_is_due_at_once(payment, at):
    heard(payment, evidence_due_at=at - WEEK)

    assert evidence() == [(at - WEEK, at - WEEK)]


def test_a_deadline_that_moved_is_followed(payment, at):
    heard(payment, evidence_due_at=at + WEEK)

    heard(payment, evidence_due_at=at + 2 * WEEK)

    assert [due_at for _, due_at in evidence()] == [at + 2 * WEEK]


def test_evidence_that_was_handed_in_is_not_owed(payment, at):
    heard(payment, evidence_due_at=at + WEEK)

    heard(payment, evidence_due_at=at + WEEK, status=ChargebackIs.UNDER_REVIEW)

    assert evidence() == []


def test_of_two_the_first_deadline_counts(payment, at):
    heard(payment, ref="dp_1", amount_minor=4_000, evidence_due_at=at + 2 * WEEK)
    heard(payment, ref="dp_2", amount_minor=4_000, evidence_due_at=at + WEEK)
    assert [due_at for _, due_at in evidence()] == [at + WEEK]

    heard(payment, ref="dp_2", amount_minor=4_000, status=ChargebackIs.WON)

    assert [due_at for _, due_at in evidence()] == [at + 2 * WEEK]
    assert [kind for kind, _, _ in thread()] == ["OPENED", "CHARGED_BACK", "CHARGED_BACK", "CHARGEBACK_WON"]


def test_while_it_is_owed_the_dispute_is_not_closed(payment, at):
    staff, dispute = UserFactory(admin=True), opened(payment.job)
    heard(payment, evidence_due_at=at + WEEK)
    dispute_begin_review(dispute_id=dispute.pk, actor=staff, reason="Mine.")
    decided = {"outcome": DisputeOutcome.SHARED, "note": "Half each."}
    before = written()

    for close in (
        lambda: dispute_withdraw(dispute_id=dispute.pk, actor=payment.customer),
        lambda: dispute_dismiss(dispute_id=dispute.pk, actor=staff, note="Nothing to it."),
        lambda: dispute_resolve(dispute_id=dispute.pk, actor=staff, **decided),
    ):
        with pytest.raises(EvidenceOwed) as refused, transaction.atomic():
            close()
        assert refused.value.details == {"due_at": (at + WEEK).isoformat()}
    assert written() == before

    heard(payment, evidence_due_at=at + WEEK, status=ChargebackIs.UNDER_REVIEW)

    assert dispute_resolve(dispute_id=dispute.pk, actor=staff, **decided).status == "RESOLVED"


def test_after_the_banks_deadline_it_keeps_the_dispute_open_no_longer(payment, at):
    dispute = opened(payment.job)
    heard(payment, evidence_due_at=at + WEEK)

    with clock.frozen(at + WEEK):
        closed = dispute_withdraw(dispute_id=dispute.pk, actor=payment.customer)

    assert (closed.status, evidence()) == ("WITHDRAWN", [])


@pytest.mark.parametrize(("share", "is_reminded"), [(0.74, False), (0.75, True), (0.99, True), (1, False), (2, False)])
def test_staff_are_reminded_of_evidence_while_the_bank_takes_it(payment, at, share, is_reminded):
    heard(payment, evidence_due_at=at + WEEK)

    with clock.frozen(at + WEEK * share):
        dispute_remind_due()

    assert (DisputeDeadline.objects.get(kind=EVIDENCE).reminded_at is not None) is is_reminded


def test_evidence_whose_time_was_over_when_we_heard_of_it_is_brought_to_nobodys_mind(payment, at):
    heard(payment, evidence_due_at=at - WEEK)

    assert dispute_remind_due() == 0


# The end of it


@pytest.mark.parametrize("end", [ChargebackIs.WON, ChargebackIs.LOST])
def test_its_end_is_noted_and_the_dispute_goes_on(payment, at, end):
    heard(payment, evidence_due_at=at + WEEK)

    dispute = heard(payment, evidence_due_at=at + WEEK, status=end)

    assert thread()[-1] == (f"CHARGEBACK_{end.name}", "", "100.00 USD")
    assert (dispute.is_live, evidence()) == (True, [])
    assert DisputeChargeback.objects.get().ended_at == at


def test_its_end_is_noted_in_a_dispute_that_is_closed_as_well(payment):
    dispute = opened(payment.job)
    heard(payment)
    dispute_withdraw(dispute_id=dispute.pk, actor=payment.customer)

    assert heard(payment, status=ChargebackIs.LOST) == dispute

    assert thread()[-1][0] == "CHARGEBACK_LOST"
    assert owed() == []


def test_nobody_of_a_side_takes_it_back(payment):
    dispute = heard(payment)

    with pytest.raises(Forbidden):
        dispute_withdraw(dispute_id=dispute.pk, actor=payment.customer)


# As it is read


def test_nobody_is_who_opened_it(payment):
    dispute = heard(payment)

    answer = client_for(payment.customer).get(f"/api/v1/disputes/{dispute.pk}").json()

    assert (answer["opened_by"], answer["category"]) == (None, "CHARGEBACK")
    assert [event["by"] for event in answer["thread"]] == [None, None]


def test_a_side_does_not_choose_the_category(payment):
    body = {"job_id": str(payment.job_id), "category": "CHARGEBACK", "description": "My bank."}

    answer = client_for(payment.customer).post("/api/v1/disputes", body)

    assert (answer.status_code, "category" in answer.json()["error"]["details"]) == (400, True)


def test_the_case_file_tells_of_it(payment):
    chapters = {chapter.name: chapter for chapter in case_file(heard(payment)).chapters}

    assert ("opened_by", "the customer's bank") in chapters["dispute"].rows
    [chargeback] = chapters["chargebacks"].as_dicts
    assert (chargeback["amount"], chargeback["fee"], chargeback["reason"]) == ("100.00 USD", "15.00 USD", "fraudulent")
    assert chapters["thread"].as_dicts[1]["name"] == ""


# What the database holds


@pytest.mark.parametrize(
    "change", ["category = 'QUALITY'", "category = 'CHARGEBACK', opened_by_id = (SELECT id FROM accounts_user LIMIT 1)"]
)
def test_nobody_opens_only_what_a_bank_began(payment, change):
    heard(payment)

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE disputes_dispute SET {change}")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_heard_by_many_at_once_it_is_one_dispute():
    for _ in range(5):
        payment = payment_held()
        chargeback = chargeback_of(payment, ref=f"dp_{payment.pk}")
        at_once(*[lambda chargeback=chargeback: follow(chargeback)] * 6, lambda payment=payment: opened(payment.job))

    assert (Dispute.objects.count(), DisputeChargeback.objects.count()) == (5, 5)
