"""C17: random histories of customers, technicians, workers and crashes; the invariants are asked for after every step.

The machine drives the real services in this process. Each history runs in a transaction that is rolled back, under a
clock that stands still until a step moves it.
"""

import traceback
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
from django.conf import settings as django_settings
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User
from accounts.tests.factories import UserFactory
from catalog.models import Service
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock, outbox, runner
from fixmate.core.db_errors import conflict_of
from fixmate.core.errors import DomainError
from fixmate.core.models import OutboxMessage
from fixmate.ops.invariants import all_invariants
from fixmate.tests.chaos.experiment import Run
from fixmate.tests.chaos.figures import at_least, exactly
from fixmate.tests.chaos.people import PLACE
from jobs.enums import CLOSED, WAITING, CancelReason, JobStatus
from jobs.models import Job, JobEvent
from jobs.rules import start_code
from jobs.services import (
    job_cancel_by_customer,
    job_cancel_by_staff,
    job_complete_by_technician,
    job_release_by_technician,
    job_rematch_by_customer,
    job_request,
    job_start_by_technician,
)
from matching.enums import OfferEventKind, OfferStatus, RejectReason
from matching.models import Offer, OfferEvent
from matching.services import matching_pass_request_due, offer_accept, offer_expire_due, offer_mark_seen, offer_reject
from reviews.models import Review
from reviews.services import review_create, review_hide, review_show
from technicians.enums import Aspect
from technicians.models import Technician
from technicians.services import position_record, technician_go_offline, technician_go_online
from technicians.tests.factories import technician_ready

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TECHNICIANS, CUSTOMERS, MOST_JOBS = 3, 2, 6
MOMENT = st.integers(min_value=0, max_value=8)  # seconds: no invariant gives less time to settle
LONG = st.sampled_from([61, 300, 3_600])
WHO = st.integers(min_value=0, max_value=1_000)
SHIFT = timedelta(seconds=1)


class Crash(BaseException):
    """The process dies here: everything since the last commit is lost. No `except Exception` may catch it."""


class Histories(RuleBasedStateMachine):
    """What anybody may do at any moment, and what any process may fail to do."""

    steps = 0
    crashes = 0
    assignments = 0

    def __init__(self) -> None:
        super().__init__()
        self.at = NOON
        self.stack = ExitStack()
        self.stack.enter_context(_rolled_back())
        self._tick(timedelta())

    @initialize()
    def people(self) -> None:
        self.service: Service = ServiceFactory()
        self.technicians = [technician_ready(self.service) for _ in range(TECHNICIANS)]
        self.customers = [UserFactory() for _ in range(CUSTOMERS)]
        self.staff: User = UserFactory(admin=True)
        for who in range(CUSTOMERS):
            self.request(who)
        self.work()

    def teardown(self) -> None:
        Histories.assignments += OfferEvent.objects.filter(kind=OfferEventKind.ACCEPTED).count()
        self.stack.close()

    # Time and workers

    def _tick(self, by: timedelta) -> None:
        self.at += by
        self.stack.enter_context(clock.frozen(self.at))

    @rule(seconds=MOMENT)
    def moment_passes(self, seconds: int) -> None:
        self._sweep()  # workers look every half second: never later than the next step
        self._tick(timedelta(seconds=seconds))
        self._sweep()

    @rule(seconds=LONG)
    def long_time_passes(self, seconds: int) -> None:
        self.work()
        self._tick(timedelta(seconds=seconds))
        self.work()

    @rule()
    def work(self) -> None:
        """Sweep and work everything off, as a `work` process does all the time."""
        self._sweep()
        while runner.drain():
            self._sweep()

    @rule()
    def claimed_and_died(self) -> None:
        """A worker claims what is due and dies before it begins: the lease brings it back."""
        Histories.crashes += bool(outbox.claim(django_settings.OUTBOX_BATCH))
        self._tick(timedelta(seconds=django_settings.OUTBOX_CLAIM_S) + SHIFT)
        self.work()

    @rule()
    def died_between_effect_and_commit(self) -> None:
        """A worker dies inside a row's transaction: neither the effect nor DONE is there, and it runs again."""
        claims = outbox.claim(1)
        before = _state()
        for claim in claims:
            row = OutboxMessage.objects.get(pk=claim.message_id)
            _crash_in(lambda row=row: runner.perform(outbox.Claim(row.pk, row.lease_token, row.task, row.payload)))
            Histories.crashes += 1
            assert _state() == before
        self._tick(timedelta(seconds=django_settings.OUTBOX_CLAIM_S) + SHIFT)
        self.work()

    def _sweep(self) -> None:
        offer_expire_due()
        matching_pass_request_due()

    # Customers

    @rule(who=WHO)
    def request(self, who: int) -> None:
        if Job.objects.count() >= MOST_JOBS:
            return
        where = {"address": "12 Beacon Street", **PLACE}
        actor = self.customers[who % CUSTOMERS]
        self._attempt(lambda: job_request(actor=actor, service_id=self.service.pk, description="Drips.", **where))

    @rule(who=WHO)
    def cancel(self, who: int) -> None:
        job = _pick(Job.objects.all(), who)
        if job:
            reason = CancelReason.NOT_NEEDED
            self._attempt(lambda: job_cancel_by_customer(job_id=job.pk, actor=job.customer, reason=reason))

    @rule(who=WHO)
    def ask_again(self, who: int) -> None:
        job = _pick(Job.objects.all(), who)
        if job:
            self._attempt(lambda: job_rematch_by_customer(job_id=job.pk, actor=job.customer))

    @rule(who=WHO)
    def cancel_by_staff(self, who: int) -> None:
        job = _pick(Job.objects.all(), who)
        if job:
            self._attempt(lambda: job_cancel_by_staff(job_id=job.pk, actor=self.staff, note="Test."))

    # Both

    @rule(who=WHO)
    def goes_on(self, who: int) -> None:
        """The next thing a job waits for: without it, random steps hardly ever come as far as the work."""
        job = _pick(Job.objects.exclude(status__in=CLOSED), who)
        if job is None:
            self.request(who)
        elif job.status in WAITING:
            self.work()
            for offer in Offer.objects.filter(job=job, status=OfferStatus.PENDING):
                self._attempt(lambda offer=offer: offer_accept(offer_id=offer.pk, actor=offer.technician.user))
        elif job.status == JobStatus.ASSIGNED:
            self._start(job)
        elif job.status == JobStatus.IN_PROGRESS:
            self._complete(job, dies=False)

    @rule(who=WHO, rating=st.integers(1, 5), dies=st.booleans())
    def review(self, who: int, rating: int, dies: bool) -> None:
        job = _pick(Job.objects.filter(technician__isnull=False), who)
        if job:
            said = {"rating": rating, "aspects": {Aspect.PRICE: rating}}
            self._attempt(lambda: review_create(job_id=job.pk, actor=job.customer, **said), dies=dies)

    @rule(who=WHO, act=st.sampled_from([review_hide, review_show]))
    def hide_or_show(self, who: int, act) -> None:
        review = _pick(Review.objects.all(), who)
        if review:
            self._attempt(lambda: act(review_id=review.pk, actor=self.staff, reason="Test."))

    # Technicians

    @rule(who=WHO, dies=st.booleans())
    def accept(self, who: int, dies: bool) -> None:
        offer = _pick(Offer.objects.all(), who)
        if offer:
            self._attempt(lambda: offer_accept(offer_id=offer.pk, actor=offer.technician.user), dies=dies)

    @rule(who=WHO, reason=st.sampled_from(RejectReason.values))
    def reject(self, who: int, reason: str) -> None:
        offer = _pick(Offer.objects.all(), who)
        if offer:
            actor = offer.technician.user
            self._attempt(lambda: offer_reject(offer_id=offer.pk, actor=actor, reason=RejectReason(reason)))

    @rule(who=WHO)
    def see(self, who: int) -> None:
        offer = _pick(Offer.objects.all(), who)
        if offer:
            self._attempt(lambda: offer_mark_seen(offer_id=offer.pk, actor=offer.technician.user))

    @rule(who=WHO)
    def accept_of_somebody_else(self, who: int) -> None:
        offer = _pick(Offer.objects.all(), who)
        if offer:
            other = next(one for one in self.technicians if one.pk != offer.technician_id)
            refused = self._attempt(lambda: offer_accept(offer_id=offer.pk, actor=other.user))
            assert refused == "NOT_FOUND"

    @rule(who=WHO)
    def start(self, who: int) -> None:
        job = _pick(Job.objects.filter(technician__isnull=False), who)
        if job:
            self._start(job)

    def _start(self, job: Job) -> None:
        actor, code = job.technician.user, start_code(job)
        self._ping(job.technician)
        self._attempt(lambda: job_start_by_technician(job_id=job.pk, actor=actor, start_code=code))

    @rule(who=WHO, dies=st.booleans())
    def complete(self, who: int, dies: bool) -> None:
        job = _pick(Job.objects.filter(technician__isnull=False), who)
        if job:
            self._complete(job, dies=dies)

    def _complete(self, job: Job, *, dies: bool) -> None:
        actor = job.technician.user
        self._attempt(lambda: job_complete_by_technician(job_id=job.pk, actor=actor, work_summary="Done."), dies=dies)

    @rule(who=WHO)
    def release(self, who: int) -> None:
        job = _pick(Job.objects.filter(technician__isnull=False), who)
        if job:
            actor, reason = job.technician.user, CancelReason.CANNOT_COME
            self._attempt(lambda: job_release_by_technician(job_id=job.pk, actor=actor, reason=reason))

    @rule(who=WHO)
    def go_offline(self, who: int) -> None:
        technician = self.technicians[who % TECHNICIANS]
        self._attempt(lambda: technician_go_offline(technician_id=technician.pk))

    @rule(who=WHO)
    def go_online(self, who: int) -> None:
        technician = self.technicians[who % TECHNICIANS]
        self._ping(technician)
        self._attempt(lambda: technician_go_online(technician_id=technician.pk))

    @rule(who=WHO, seconds=st.sampled_from([-600, 30, 120]))
    def ping_by_a_wrong_clock(self, who: int, seconds: int) -> None:
        technician = self.technicians[who % TECHNICIANS]
        recorded_at = self.at + timedelta(seconds=seconds)
        self._attempt(lambda: position_record(technician_id=technician.pk, recorded_at=recorded_at, **PLACE))

    def _ping(self, technician: Technician) -> None:
        self._attempt(lambda: position_record(technician_id=technician.pk, recorded_at=self.at, **PLACE))

    # What must hold

    def _attempt(self, act, *, dies: bool = False) -> str:
        """Do it; return the code of a refusal. Whoever is refused, and whoever dies on the way, has changed nothing."""
        before = _state()
        if dies:
            _crash_in(act)
            Histories.crashes += 1
            assert _state() == before
            return "DIED"
        try:
            with transaction.atomic():
                act()
        except DomainError as refusal:
            return refusal.code
        except IntegrityError as error:
            conflict = conflict_of(error)
            if conflict is None:
                raise
            return conflict.code
        return ""

    @invariant()
    def everything_holds(self) -> None:
        Histories.steps += 1
        broken = {one.name: rows for one in all_invariants() if (rows := one.broken())}
        assert broken == {}


class _rolled_back:  # noqa: N801 - reads as a phrase
    def __enter__(self) -> None:
        self.block = transaction.atomic()
        self.block.__enter__()

    def __exit__(self, *_: object) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)


def _crash_in(act) -> None:
    """Let the process die once everything is written and nothing is committed."""
    try:
        with transaction.atomic():
            act()
            raise Crash
    except (Crash, DomainError, IntegrityError):
        pass


def _state() -> tuple[int, ...]:
    """Return what a crash must leave as it was: rows that are only ever added, and the work still to be done."""
    return (
        JobEvent.objects.count(),
        OfferEvent.objects.count(),
        OutboxMessage.objects.count(),
        OutboxMessage.objects.filter(done_at__isnull=False).count(),
    )


def _pick(rows, who: int):
    """Return one row of those there are, the same for the same number."""
    found = list(rows.order_by("pk"))
    return found[who % len(found)] if found else None


def random_histories(run: Run) -> None:
    """Play so many histories of so many steps; a failure prints the shortest one that still fails."""
    examples, steps = run.count(25, 300), run.count(20, 50)
    how = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    failures = 0
    try:
        run_state_machine_as_test(seed(run.seed)(Histories), settings=how)
    except AssertionError as error:
        failures = 1
        run.report.samples.append(" / ".join(str(error).splitlines()[:5]))
        traceback.print_exc()  # into the experiment's log, with the steps that lead there
    finally:
        run.report.gates += [
            exactly("histories that broke an invariant", failures, 0),
            at_least("jobs assigned", Histories.assignments, 1),
            at_least("crashes", Histories.crashes, 1),
        ]
        run.report.notes["steps"] = Histories.steps
