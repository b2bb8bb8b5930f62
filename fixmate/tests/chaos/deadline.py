"""C2: accepting, declining, expiry and cancellations meet within 50 ms of an offer's deadline."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from django.db import connection, transaction

from accounts.models import User
from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.errors import DomainError
from fixmate.tests.chaos.aftermath import drain_here
from fixmate.tests.chaos.experiment import Run
from fixmate.tests.chaos.figures import at_least, exactly, largest, percentile
from fixmate.tests.chaos.people import Party, party
from fixmate.tests.chaos.races import meet
from fixmate.tests.chaos.schedule import offsets_s
from fixmate.tests.chaos.seam import locks_off
from jobs.enums import STATUS_AFTER, CancelReason, JobEventKind, JobStatus
from jobs.models import Job, JobEvent
from jobs.services import job_cancel_by_customer, job_cancel_by_staff
from jobs.tests.factories import job_matching
from matching.enums import OfferEventKind, OfferStatus, RejectReason
from matching.models import Offer, OfferEvent
from matching.services import job_exclude, offer_accept, offer_expire_due, offer_reject, offers_settle_of_job
from matching.tests.factories import OfferFactory
from technicians.services import technician_note_offered

AROUND_S = 0.05
LEAD_S = 0.15  # from making the offer to its deadline: threads have to be in place by then
LANES = 3  # rounds that run side by side
ENDS = (OfferEventKind.ACCEPTED, OfferEventKind.REJECTED, OfferEventKind.EXPIRED, OfferEventKind.WITHDRAWN)
DONE, NOTHING = "done", "nothing to do"
DOUBLE_ENDS_SHARE = 95.0


@dataclass(frozen=True, slots=True)
class Meeting:
    """One offer about to run out, and who will do what to it, when."""

    offer_id: UUID
    job_id: UUID
    deadline: float  # by the monotonic clock of this process
    acts: dict[str, Callable[[], object]]
    offsets_s: dict[str, float]


@dataclass(frozen=True, slots=True)
class Outcome:
    said: dict[str, str]
    ends: int  # how often the offer ended, by its own history
    late_ms: float | None  # of an acceptance, by the database's clock; negative if in time
    is_consistent: bool

    @property
    def errors(self) -> list[str]:
        """Return what was raised and is not one of our refusals."""
        return [said for said in self.said.values() if ":" in said]


def everybody_at_the_deadline(run: Run) -> None:
    staff = UserFactory(admin=True)
    run.controls.append(lambda: _control(run, staff))
    lanes = [party() for _ in range(LANES)]
    rounds = run.count(150, 2_000)
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(LANES) as pool:
        for _ in range(rounds // LANES):
            dice = [Random(run.dice.random()) for _ in lanes]
            outcomes += pool.map(_alone, lanes, [staff] * LANES, dice)
            if len(outcomes) % (50 * LANES) == 0:
                drain_here()
    drain_here()
    _judge(run, outcomes)


def _judge(run: Run, outcomes: list[Outcome]) -> None:
    said = Counter(f"{name}: {what}" for outcome in outcomes for name, what in outcome.said.items())
    late_ms = [outcome.late_ms for outcome in outcomes if outcome.late_ms is not None]
    errors = [error for outcome in outcomes for error in outcome.errors]
    run.report.gates += [
        exactly("offers that ended once", sum(outcome.ends == 1 for outcome in outcomes), len(outcomes)),
        exactly("offer, job and history at odds", sum(not outcome.is_consistent for outcome in outcomes), 0),
        exactly("accepted at or after the deadline", sum(ms >= 0 for ms in late_ms), 0),
        exactly("deadlocks and other errors", len(errors), 0),
        at_least("acceptances", len(late_ms), 1),
        at_least("expiries", said[f"expire: {DONE}"], 1),
    ]
    run.report.notes["rounds"] = len(outcomes)
    run.report.notes["closest acceptance, ms before the deadline"] = -largest(late_ms)
    run.report.notes["median acceptance, ms before"] = -percentile(late_ms, 50)
    run.report.samples += sorted(set(errors))


# One meeting


def _alone(who: Party, staff: User, dice: Random) -> Outcome:
    try:
        return _hold(_arrange(who, staff, dice))
    finally:
        connection.close()


def _arrange(who: Party, staff: User, dice: Random) -> Meeting:
    job = job_matching(service=who.service, customer=who.customer)
    asked, at = time.monotonic(), clock.now()
    offer = _offer(job, who, at=at, expires_at=at + timedelta(seconds=LEAD_S))
    acts = _acts(offer, who, staff)
    rivals = dice.sample(["cancel", "staff_cancel", "staff_exclude", "reject"], k=dice.choice([0, 1, 1, 2]))
    chosen = {name: acts[name] for name in ["accept", "expire", "expire_too", *rivals]}
    when = offsets_s(dice, list(chosen), around_s=AROUND_S)
    return Meeting(offer.pk, job.pk, (asked + time.monotonic()) / 2 + LEAD_S, chosen, when)


def _offer(job: Job, who: Party, *, at: datetime, **fields) -> Offer:
    """Make an offer as a pass does: counted with what the technician was ever offered."""
    with transaction.atomic():
        technician_note_offered(technician_id=who.technician.pk)
        return OfferFactory(job=job, technician=who.technician, created_at=at, **fields)


def _acts(offer: Offer, who: Party, staff: User) -> dict[str, Callable[[], object]]:
    actor, customer = who.technician.user, who.customer
    return {
        "accept": lambda: offer_accept(offer_id=offer.pk, actor=actor),
        "reject": lambda: offer_reject(offer_id=offer.pk, actor=actor, reason=RejectReason.BUSY),
        "expire": offer_expire_due,
        "expire_too": offer_expire_due,
        "cancel": lambda: job_cancel_by_customer(job_id=offer.job_id, actor=customer, reason=CancelReason.NOT_NEEDED),
        "staff_cancel": lambda: job_cancel_by_staff(job_id=offer.job_id, actor=staff, note="Test."),
        "staff_exclude": lambda: job_exclude(
            job_id=offer.job_id, technician_id=who.technician.pk, actor=staff, reason="Test."
        ),
    }


def _hold(meeting: Meeting) -> Outcome:
    with ThreadPoolExecutor(len(meeting.acts)) as pool:
        said = dict(zip(meeting.acts, pool.map(lambda name: _act(meeting, name), meeting.acts), strict=True))
    time.sleep(max(0.0, meeting.deadline - time.monotonic()) + 0.01)
    offer_expire_due()  # as the sweep would, half a second later
    offers_settle_of_job(job_id=meeting.job_id)
    outcome = _look(meeting, said)
    _release(meeting.job_id)
    return outcome


def _act(meeting: Meeting, name: str) -> str:
    try:
        connection.ensure_connection()
        time.sleep(max(0.0, meeting.deadline + meeting.offsets_s[name] - time.monotonic()))
        return DONE if meeting.acts[name]() else NOTHING
    except DomainError as refusal:
        return refusal.code
    except Exception as exc:
        return f"{type(exc).__name__}: {exc}".splitlines()[0]
    finally:
        connection.close()


def _look(meeting: Meeting, said: dict[str, str]) -> Outcome:
    offer, job = Offer.objects.get(pk=meeting.offer_id), Job.objects.get(pk=meeting.job_id)
    ends = OfferEvent.objects.filter(offer=offer, kind__in=ENDS).count()
    accepted = OfferEvent.objects.filter(offer=offer, kind=OfferEventKind.ACCEPTED).first()
    late_ms = (accepted.at - offer.expires_at).total_seconds() * 1000 if accepted else None
    return Outcome(said, ends, late_ms, _is_consistent(offer, job, said))


def _is_consistent(offer: Offer, job: Job, said: dict[str, str]) -> bool:
    """Say whether offer, job, timeline and what everybody was told agree."""
    kinds = list(JobEvent.objects.filter(job=job).order_by("id").values_list("kind", flat=True))
    was_assigned = JobEventKind.ASSIGNED in kinds
    has_cancelled = DONE in {said.get("cancel"), said.get("staff_cancel")}
    return (
        was_assigned == (said["accept"] == DONE)
        and kinds.count(JobEventKind.ASSIGNED) <= 1
        and kinds.count(JobEventKind.CANCELLED) == int(has_cancelled)
        and (job.status == JobStatus.CANCELLED) == has_cancelled
        and STATUS_AFTER[[kind for kind in kinds if kind in STATUS_AFTER][-1]] == job.status
        and (offer.status == OfferStatus.ACCEPTED) == was_assigned
        and offer.status != OfferStatus.PENDING
    )


def _release(job_id: UUID) -> None:
    """End what is left of the job, so that the technician is free for the next round."""
    job = Job.objects.select_related("customer").get(pk=job_id)
    if job.status != JobStatus.CANCELLED:
        job_cancel_by_customer(job_id=job_id, actor=job.customer, reason=CancelReason.NOT_NEEDED)
        offers_settle_of_job(job_id=job_id)


# The control


def _control(run: Run, staff: User) -> None:
    """Without locks, two refusals of one offer must both get through."""
    rounds, doubled = run.count(20, 50), 0
    for _ in range(rounds):
        who = party()
        job = job_matching(service=who.service, customer=who.customer)
        offer = _offer(job, who, at=clock.now())
        with locks_off():
            doubled += meet(*[_telling(_acts(offer, who, staff)["reject"])] * 2) == [DONE, DONE]
    run.report.gates.append(at_least("control: rounds ended twice, %", 100 * doubled / rounds, DOUBLE_ENDS_SHARE))


def _telling(act: Callable[[], object]) -> Callable[[], str]:
    return lambda: DONE if act() else NOTHING
