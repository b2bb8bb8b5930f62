"""What people are told of disputes beyond their beginning and end."""

import pytest

from accounts.enums import UserStatus
from accounts.tests.factories import UserFactory
from disputes.events import DisputeAnswerWanted, DisputeOpened, DisputeReminderDue, DisputeSpoken
from disputes.models import DisputeDeadline
from disputes.services import dispute_ask, dispute_begin_review, dispute_dismiss, dispute_message_add
from disputes.tests.helpers import opened
from fixmate.core.models import OutboxMessage
from jobs.tests.factories import job_completed
from notifications.enums import Kind
from notifications.models import Notification
from notifications.tests.helpers import payload_of
from notifications.texts import body_of

pytestmark = pytest.mark.django_db
DUE = "2026-03-05T12:00:00+00:00"


@pytest.fixture
def dispute(noon):
    """Opened by the customer; nobody has been told yet."""
    return opened(job_completed(created_at=noon))


@pytest.fixture
def hear(tell):
    """Return the call that publishes an event alone: what the services published before is forgotten."""

    def heard(event):
        OutboxMessage.objects.all().delete()
        return tell(event)

    return heard


def deadline(dispute, **facts):
    return DisputeDeadline.objects.get(dispute=dispute, ended_at__isnull=True, **facts).pk


def test_who_did_not_open_it_is_told_until_when_he_can_answer(dispute, hear):
    hear(DisputeOpened(dispute_id=dispute.pk, job_id=dispute.job_id, opened_by_id=dispute.opened_by_id))

    told = payload_of(Kind.DISPUTE_OPENED, dispute.technician.user)
    assert told["answer_due_at"] == DUE
    assert "until March 5, 2026, 12:00 UTC" in body_of(Kind.DISPUTE_OPENED, told, "TECHNICIAN")
    assert "answer_due_at" not in payload_of(Kind.DISPUTE_OPENED, dispute.opened_by)


def test_the_opening_of_a_dispute_that_is_closed_is_no_news(dispute, hear):
    dispute_dismiss(dispute_id=dispute.pk, actor=UserFactory(admin=True), note="Nothing to it.")

    event = DisputeOpened(dispute_id=dispute.pk, job_id=dispute.job_id, opened_by_id=dispute.opened_by_id)
    assert hear(event) == []


@pytest.mark.parametrize("who", ["customer", "technician", "staff"])
def test_what_one_says_the_others_are_told(dispute, who, hear):
    customer, technician = dispute.opened_by, dispute.technician.user
    actor = {"customer": customer, "technician": technician, "staff": UserFactory(admin=True)}[who]
    event = dispute_message_add(dispute_id=dispute.pk, actor=actor, text="Well.")

    told = hear(DisputeSpoken(dispute_id=dispute.pk, event_id=event.pk))

    assert told == [(user, Kind.DISPUTE_MESSAGE) for user in (customer, technician) if user != actor]


def test_what_was_said_in_a_dispute_that_is_closed_is_no_news(dispute, hear):
    event = dispute_message_add(dispute_id=dispute.pk, actor=dispute.opened_by, text="Well.")
    dispute_dismiss(dispute_id=dispute.pk, actor=UserFactory(admin=True), note="Nothing to it.")

    assert hear(DisputeSpoken(dispute_id=dispute.pk, event_id=event.pk)) == []


@pytest.mark.parametrize("side", ["CUSTOMER", "TECHNICIAN"])
def test_the_side_that_staff_ask_is_told_until_when(dispute, side, hear):
    user = {"CUSTOMER": dispute.opened_by, "TECHNICIAN": dispute.technician.user}[side]
    dispute_ask(dispute_id=dispute.pk, actor=UserFactory(admin=True), text="Send a photo.", awaits=side)

    told = hear(DisputeAnswerWanted(dispute_id=dispute.pk, deadline_id=deadline(dispute, side=side)))

    assert told == [(user, Kind.DISPUTE_ANSWER_WANTED)]
    assert payload_of(Kind.DISPUTE_ANSWER_WANTED, user)["answer_due_at"] == DUE


@pytest.mark.parametrize("event", [DisputeAnswerWanted, DisputeReminderDue])
def test_who_has_answered_is_asked_no_more(dispute, event, hear):
    wanted = deadline(dispute, side="TECHNICIAN")
    dispute_message_add(dispute_id=dispute.pk, actor=dispute.technician.user, text="It was tight.")

    assert hear(event(dispute_id=dispute.pk, deadline_id=wanted)) == []


def test_a_side_is_reminded(dispute, hear):
    told = hear(DisputeReminderDue(dispute_id=dispute.pk, deadline_id=deadline(dispute, side="TECHNICIAN")))

    assert told == [(dispute.technician.user, Kind.DISPUTE_REMINDER)]


def test_all_of_staff_are_reminded_of_what_nobody_took_up(dispute, hear):
    staff = [UserFactory(admin=True), UserFactory(admin=True)]
    UserFactory(admin=True, status=UserStatus.SUSPENDED)

    told = hear(DisputeReminderDue(dispute_id=dispute.pk, deadline_id=deadline(dispute, kind="STAFF_ANSWER")))

    assert sorted(told, key=lambda row: row[0].pk) == [(user, Kind.DISPUTE_DUE) for user in staff]
    body = body_of(Kind.DISPUTE_DUE, Notification.objects.first().payload, "ADMIN")
    assert f"The dispute {dispute.pk}" in body
    assert "a first answer, until March 3, 2026, 12:00 UTC" in body


def test_who_took_it_up_alone_is_reminded(dispute, hear):
    UserFactory(admin=True)
    reviewer = UserFactory(admin=True)
    dispute_begin_review(dispute_id=dispute.pk, actor=reviewer, reason="My turn.")

    told = hear(DisputeReminderDue(dispute_id=dispute.pk, deadline_id=deadline(dispute, kind="DECISION")))

    assert told == [(reviewer, Kind.DISPUTE_DUE)]


@pytest.mark.parametrize(
    "make",
    [lambda pk: DisputeSpoken(dispute_id=pk, event_id=0), lambda pk: DisputeReminderDue(dispute_id=pk, deadline_id=0)],
)
def test_what_is_gone_is_no_news(dispute, make, hear):
    assert hear(make(dispute.pk)) == []
