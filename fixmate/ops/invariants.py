"""What must hold at every moment, whatever crashed: a search each, which returns the rows that break it.

Where a reaction or a sweep needs a moment to settle things, the rule holds from that moment on. Each search reads one
snapshot, however many statements it takes: what is written in between is no finding.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Case, Count, Exists, F, Min, Model, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from accounts.enums import UserStatus
from accounts.models import User
from disputes.models import NEVER, Dispute
from fixmate.core import audit, clock, triggers
from fixmate.core.enums import OutboxStatus
from fixmate.core.geo import cell_of
from fixmate.core.models import OutboxMessage
from fixmate.core.snapshots import one_snapshot
from jobs.enums import BOOKED, JobStatus, PriceKind, QuoteStatus
from jobs.models import Job, JobEvent, JobPrice, QuoteRevision
from matching.answers import answers_count, technician_list_moved
from matching.enums import OfferStatus
from matching.models import Offer
from matching.policies.base import IndexedPolicy, MatchingPolicy
from matching.services.rank_index import ANSWER_WINDOW, has_full_patience, rank_by
from matching.services.rollouts import default_policies_for, is_indexed
from payments.enums import OPEN, PAID, PaymentPurpose, Provider
from payments.models import Hold, Payment, Payout
from payments.selectors import chargebacks, proof
from technicians.enums import Verification
from technicians.models import Dispatchable, Technician, TechnicianSkill
from technicians.selectors import dispatchable_service_ids
from technicians.services import Difference, reputation_list_untrue
from technicians.services.history import history_list_untrue

_HELD = (*BOOKED, JobStatus.COMPLETED)
EXPIRED_WITHIN = timedelta(seconds=10)
SETTLED_WITHIN = timedelta(seconds=30)
CAPTURED_WITHIN = timedelta(seconds=60)
CARRIED_WITHIN = timedelta(minutes=5)
ANSWERS_MOVED_WITHIN = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule with a name, in words, and the search for what breaks it."""

    name: str
    rule: str
    find: Callable[[], Iterable[object]]

    def broken(self) -> list[str]:
        """Return a line for each row that breaks the rule."""
        with one_snapshot():
            return [str(row) for row in self.find()]


_invariants: list[Invariant] = []
Find = Callable[[], Iterable[object]]


def invariant(rule: str) -> Callable[[Find], Find]:
    def decorate(find: Find) -> Find:
        _invariants.append(Invariant(find.__name__, rule, find))
        return find

    return decorate


def all_invariants() -> tuple[Invariant, ...]:
    return tuple(_invariants)


# Jobs and offers


@invariant("a job that is assigned, in progress or completed has exactly one accepted offer")
def job_has_one_accepted_offer() -> QuerySet[Job]:
    accepted = Count("offers", filter=Q(offers__status=OfferStatus.ACCEPTED, offers__technician=F("technician")))
    return Job.objects.filter(status__in=_HELD).annotate(accepted=accepted).exclude(accepted=1)


@invariant("a live offer fits its job")
def offer_fits_job() -> QuerySet[Offer]:
    is_open = Q(status=OfferStatus.PENDING, job__status=JobStatus.MATCHING)
    holds = Q(status=OfferStatus.ACCEPTED, job__status__in=[*_HELD, JobStatus.CANCELLED])
    is_closed = ~Q(status__in=[OfferStatus.PENDING, OfferStatus.ACCEPTED])
    fits = is_closed | is_open | (holds & Q(job__technician=F("technician")))
    moved = Coalesce("job__cancelled_at", "job__search_started_at", "created_at")
    return Offer.objects.annotate(moved_at=moved).exclude(fits).filter(moved_at__lt=clock.now() - SETTLED_WITHIN)


@invariant("every offer is answered or has expired 10 s after its deadline")
def offer_expires() -> QuerySet[Offer]:
    return Offer.objects.filter(status=OfferStatus.PENDING, expires_at__lt=clock.now() - EXPIRED_WITHIN)


@invariant("a job that is being matched has either an open offer or a time for the next look")
def matching_goes_on() -> QuerySet[Job]:
    has_offer = Exists(Offer.objects.filter(job=OuterRef("pk"), status=OfferStatus.PENDING))
    matching = Job.objects.filter(status=JobStatus.MATCHING).annotate(has_offer=has_offer)
    return matching.filter(Q(has_offer=True, next_pass_at__isnull=False) | Q(has_offer=False, next_pass_at=None))


@invariant("a job is in the state of the last event of its timeline")
def job_is_where_its_timeline_ends() -> QuerySet[Job]:
    last = JobEvent.objects.filter(job=OuterRef("pk")).order_by("-id").values("status")[:1]
    jobs = Job.objects.annotate(last_status=Subquery(last))
    return jobs.filter(Q(last_status=None) | ~Q(last_status=F("status")))


@invariant("a technician has one job in progress at a time")
def technician_works_on_one_job() -> QuerySet[Technician]:
    working = Count("jobs", filter=Q(jobs__status=JobStatus.IN_PROGRESS))
    return Technician.objects.annotate(working=working).filter(working__gt=1)


@invariant("a technician has no overlapping bookings")
def bookings_do_not_overlap() -> QuerySet[Job]:
    other = Job.objects.filter(
        technician=OuterRef("technician"),
        status__in=BOOKED,
        booked_from__lt=OuterRef("booked_until"),
        booked_until__gt=OuterRef("booked_from"),
    ).exclude(pk=OuterRef("pk"))
    return Job.objects.filter(Exists(other), status__in=BOOKED)


# Disputes


@invariant("a dispute is due when the first of its open deadlines is, and never once it is closed")
def dispute_is_due_as_its_deadlines_say() -> QuerySet[Dispute]:
    still_open = Min("deadlines__due_at", filter=Q(deadlines__ended_at__isnull=True))
    disputes = Dispute.objects.annotate(first=Coalesce(still_open, Value(NEVER)))
    return disputes.exclude(Q(due_at=F("first")) & (Q(closed_at__isnull=True) | Q(due_at=NEVER)))


# Who may be offered work

_AT_WORK = Q(is_online=True, verification=Verification.VERIFIED, deleted_at__isnull=True)
_COPIED = ("base_latitude", "base_longitude", "travel_radius_m")
_PINGED = ("latitude", "longitude", "location_at")
_WORKED_ON = Q(status=JobStatus.IN_PROGRESS) | Q(status=JobStatus.ASSIGNED, booked_from__lte=F("assigned_at"))
_POINTS_OFF = 1e-6
_READ_AT_ONCE = 2_000


@invariant("a dispatchable row says of its technician what he and his position say")
def dispatchable_is_true() -> list[Dispatchable]:
    copied = {f"technician__{name}": F(name) for name in _COPIED}
    pinged = {f"technician__position__{name}": F(name) for name in _PINGED}
    skill = TechnicianSkill.objects.filter(technician=OuterRef("technician"), service=OuterRef("service"))
    at_work = Technician.objects.filter(_AT_WORK, pk=OuterRef("technician"))
    has_job = Job.objects.filter(_WORKED_ON, technician=OuterRef("technician"))
    is_busy = Q(Exists(has_job), is_busy=True) | Q(~Exists(has_job), is_busy=False)
    is_true = Q(is_busy, Exists(skill), Exists(at_work), **copied, **pinged)
    rows = Dispatchable.objects.annotate(is_true=Case(When(is_true, then=True), default=False))
    return [row for row in rows.iterator() if not row.is_true or _cells(row) != (row.cell, row.base_cell)]


def _cells(row: Dispatchable) -> tuple[int, int]:
    return cell_of(row.latitude, row.longitude), cell_of(row.base_latitude, row.base_longitude)


@invariant("a dispatchable row ranks as its service's default policy has it, its patience at the cap only when it is")
def dispatchable_ranks_right() -> list[Dispatchable]:
    policies = default_policies_for(_indexed_services())
    rows = Dispatchable.objects.select_related("technician").filter(service__in=policies)
    at = clock.now()
    return [row for row in rows.iterator(_READ_AT_ONCE) if not _ranks_right(row, policies[row.service_id], at)]


def _indexed_services() -> list[UUID]:
    """Return the services whose rows all follow the default policy: not while a new one is being written."""
    policies = default_policies_for(dispatchable_service_ids())
    return [service_id for service_id, policy in policies.items() if is_indexed(service_id, policy)]


def _ranks_right(row: Dispatchable, policy: MatchingPolicy, at: datetime) -> bool:
    since, rank = row.technician.waiting_since, rank_by(policy, row.technician)
    is_at_cap = isinstance(policy, IndexedPolicy) and has_full_patience(policy, since, at)
    keys = (rank.key, rank.key_at_cap) if is_at_cap else (rank.key,)
    near_enough = (abs(row.rank_key - key) <= _POINTS_OFF for key in keys)
    return row.idle_since == since and abs(row.rank_static - rank.static) <= _POINTS_OFF and any(near_enough)


@invariant("a technician's answers of the last 30 days are those of his offers, or of the days before the sweep")
def answers_are_those_of_the_offers() -> list[Technician]:
    since = clock.now() - ANSWER_WINDOW
    moved = list(technician_list_moved(since=since))
    ids = [technician.pk for technician in moved]
    now = answers_count(technician_ids=ids, since=since)
    before = answers_count(technician_ids=ids, since=since - ANSWERS_MOVED_WITHIN)
    return [one for one in moved if not _lies_between(one, now.get(one.pk, (0, 0)), before.get(one.pk, (0, 0)))]


def _lies_between(technician: Technician, least: tuple[int, int], most: tuple[int, int]) -> bool:
    counts = (technician.recent_decided, technician.recent_accepted)
    return all(low <= count <= high for low, count, high in zip(least, counts, most, strict=True))


@invariant("the last note of a technician's history says what he is like now")
def history_says_what_is() -> Iterator[Technician]:
    return history_list_untrue()


@invariant("whoever is at work has a dispatchable row for each skill")
def dispatchable_is_complete() -> QuerySet[TechnicianSkill]:
    row = Dispatchable.objects.filter(technician=OuterRef("technician"), service=OuterRef("service"))
    at_work = Technician.objects.filter(_AT_WORK, user__status=UserStatus.ACTIVE, position__isnull=False)
    return TechnicianSkill.objects.filter(technician__in=at_work).exclude(Exists(row))


# Money


@invariant("every job has the price it was quoted")
def job_has_quote() -> QuerySet[Job]:
    return Job.objects.exclude(Exists(JobPrice.objects.filter(job=OuterRef("pk"), revision=1)))


@invariant("the lines of every price come to its amount, and so do those of every proposal")
def lines_add_up() -> list[Model]:
    of_prices = JobPrice.objects.annotate(lines_minor=Coalesce(Sum("lines__amount_minor"), 0))
    of_quotes = QuoteRevision.objects.annotate(lines_minor=Coalesce(Sum("lines__amount_minor"), 0))
    return [*of_prices.exclude(lines_minor=F("amount_minor")), *of_quotes.exclude(lines_minor=F("amount_minor"))]


@invariant("an approved proposal is in a price that rose by it, and an open one belongs to work in progress")
def quote_is_what_it_says() -> QuerySet[QuoteRevision]:
    before = JobPrice.objects.filter(job=OuterRef("job"), revision=OuterRef("price__revision") - 1)
    rose_by = F("price__amount_minor") - Subquery(before.values("amount_minor"))
    is_open = Q(status=QuoteStatus.PROPOSED)
    wrong = is_open & ~Q(job__status=JobStatus.IN_PROGRESS) | Q(status=QuoteStatus.APPROVED) & ~Q(
        rose_by=F("amount_minor"), price__job=F("job"), price__kind=PriceKind.QUOTE_REVISION
    )
    return QuoteRevision.objects.annotate(rose_by=rose_by).filter(wrong)


@invariant("what the customer pays is the same whoever does the job: a split alone changes no amount")
def split_changes_no_amount() -> QuerySet[JobPrice]:
    before = JobPrice.objects.filter(job=OuterRef("job"), revision=OuterRef("revision") - 1)
    splits = JobPrice.objects.filter(kind=PriceKind.SPLIT).annotate(before=Subquery(before.values("amount_minor")))
    return splits.exclude(amount_minor=F("before"))


@invariant("a job has at most one payment")
def job_has_one_payment() -> QuerySet[Job]:
    count = Count("payments", filter=Q(payments__purpose=PaymentPurpose.JOB))
    return Job.objects.annotate(count=count).filter(count__gt=1)


@invariant("fee and earnings of a payment add up to its amount")
def payment_adds_up() -> QuerySet[Payment]:
    total = F("platform_fee_minor") + F("technician_earnings_minor")
    return Payment.objects.filter(status__in=PAID).exclude(amount_minor=total, amount_minor__isnull=False)


@invariant("a job is paid a minute after it was completed, where no provider or card is waited for")
def completed_job_is_paid() -> QuerySet[Job]:
    payments = Payment.objects.filter(job=OuterRef("pk"), purpose=PaymentPurpose.JOB)
    online = payments.filter(status__in=OPEN).exclude(provider=Provider.OFFLINE)
    done = Job.objects.filter(status=JobStatus.COMPLETED, completed_at__lt=clock.now() - CAPTURED_WITHIN)
    return done.exclude(Exists(payments.filter(status__in=PAID))).exclude(Exists(online))


@invariant("a captured online payment took from its holds what it is of")
def online_payment_is_taken_from_its_holds() -> QuerySet[Payment]:
    return proof.payments_taken_wrongly()


@invariant("what is held for a payment that is over is about to be taken or released")
def nothing_is_held_for_nothing() -> QuerySet[Hold]:
    return proof.holds_forgotten()


@invariant("every transaction of the books balances, none is missing, and balances are the sums of their entries")
def ledger_holds() -> Iterator[str]:
    return proof.ledger_faults()


@invariant("the stored split of a captured payment is in the books, once")
def captured_payment_is_posted() -> QuerySet[Payment]:
    return proof.payments_posted_wrongly()


@invariant("of a payment no more is held than was earned, and nothing once its hold is over")
def payment_is_held_as_earned() -> QuerySet[Payment]:
    return proof.payments_held_wrongly()


@invariant("a payment counts the refunds it has")
def refunds_are_counted() -> QuerySet[Payment]:
    return proof.refunds_counted_wrongly()


@invariant("a payout is of what is in it")
def payout_is_of_its_items() -> QuerySet[Payout]:
    return proof.payouts_counted_wrongly()


@invariant("nothing that a dispute, a refund or a chargeback holds back is in a payout to be sent")
def payout_holds_back() -> QuerySet[Payout]:
    return proof.paid_out_held_back()


@invariant("a payout that a provider was asked for stands as it answered")
def payout_stands_as_answered() -> QuerySet[Payout]:
    return proof.payouts_sent_wrongly()


@invariant("what the books say is under way, and was free, is what refunds and payouts say")
def money_under_way_is_accounted_for() -> Iterator[str]:
    return proof.under_way_faults()


@invariant("a payment counts what its customer's bank has of it")
def chargebacks_are_counted() -> QuerySet[Payment]:
    return chargebacks.chargebacks_counted_wrongly()


@invariant("what the books say banks took back, and we lost, is what chargebacks say")
def chargebacks_are_accounted_for() -> Iterator[str]:
    return chargebacks.chargeback_faults()


# Reputation


@invariant("a technician's ratings and rates are those of his reviews, offers, jobs and disputes")
def reputation_is_that_of_the_rows() -> Iterator[Difference]:
    return reputation_list_untrue()


# Background work and the record


@invariant("the second factor of an account is a confirmed device of its own")
def second_factor_is_ones_own() -> QuerySet[User]:
    return User.objects.filter(
        ~Q(authenticator__user=F("pk")) | Q(authenticator__confirmed=False), authenticator__isnull=False
    )


@invariant("no background work has been given up")
def outbox_has_no_dead_rows() -> QuerySet[OutboxMessage]:
    return OutboxMessage.objects.filter(status=OutboxStatus.DEAD)


@invariant("no background work waits for more than 5 minutes")
def outbox_is_worked_off() -> QuerySet[OutboxMessage]:
    at = clock.now()
    due = OutboxMessage.objects.filter(status=OutboxStatus.READY, run_at__lt=at - CARRIED_WITHIN)
    return due.filter(Q(lease_until__isnull=True) | Q(lease_until__lt=at))


@invariant("the audit chain is whole")
def audit_chain_is_whole() -> list[str]:
    broken = audit.verify()
    return [f"row {broken.sequence}: {broken.fault}"] if broken else []


@invariant("the database has every trigger that guards its rows")
def triggers_are_there() -> list[str]:
    return triggers.missing_triggers()
