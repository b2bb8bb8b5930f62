"""C7: a thousand events of a provider, each ten times, shuffled, five at once, some of them forged or stale."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count

import httpx
from django.db import connection
from django.test import override_settings

from fixmate.core.models import OutboxMessage
from fixmate.tests.chaos.aftermath import drain_here
from fixmate.tests.chaos.experiment import Run
from fixmate.tests.chaos.figures import Report, at_least, exactly, in_time, percentile
from fixmate.tests.chaos.fleet import Fleet
from fixmate.tests.chaos.races import meet
from jobs.enums import JobEventKind
from jobs.tests.factories import event_for
from payments import providers
from payments.models import Chargeback, LedgerTransaction, Payment, WebhookEvent
from payments.providers import ChargebackIs, ChargebackState
from payments.tests.factories import hold_of, job_cancelled_with_fee, payment_held
from payments.tests.telling import TOLERANCE_S, TellingProvider, chargeback_state, message, signature_of

TIMES, AT_ONCE, WEB_PROCESSES = 10, 5, 2
FORGED_SHARE, STALE_SHARE = 0.10, 0.05
ACK_MS = 200
FEE_MINOR = 2_000
KEY = "sk_of_tests"
TAKEN, REFUSED = httpx.codes.NO_CONTENT, httpx.codes.BAD_REQUEST
APPLY = "payments.apply_webhook"
_KINDS = ("created", "updated", "funds_withdrawn", "closed", "funds_reinstated")


@dataclass(frozen=True)
class Message:
    body: bytes
    is_good: bool = True
    signed_s_ago: float = 0
    secret: str = ""

    def headers(self) -> dict[str, str]:
        other = {"secret": self.secret} if self.secret else {}
        signature = signature_of(self.body, at_s=time.time() - self.signed_s_ago, **other)
        return {"Stripe-Signature": signature, "Content-Type": "application/json; charset=utf-8"}


@dataclass
class Booth:
    """Where messages are handed in: web processes in turn, over lines that stay open."""

    urls: list[str]
    client: httpx.Client
    waits_ms: list[float] = field(default_factory=list)
    answers: Counter[tuple[bool, int]] = field(default_factory=Counter)
    turn: Iterator[int] = field(default_factory=count)

    def hand_in(self, sent: Message) -> None:
        url = self.urls[next(self.turn) % len(self.urls)]
        began = time.perf_counter()
        answer = self.client.post(f"{url}/api/v1/payments/webhooks/stripe", content=sent.body, headers=sent.headers())
        self.waits_ms.append((time.perf_counter() - began) * 1000)
        self.answers[sent.is_good, answer.status_code] += 1


def thousand_events(run: Run) -> None:
    """Hand everything in, work it off, and compare with what the provider says of its objects."""
    run.controls.append(lambda: _control(run))
    events = run.count(200, 1_000)
    states = _objects(events // 5)
    with _booth(run) as booth:
        sent = _messages(run, events, [state.ref for state in states])
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(booth.hand_in, sent))
    _judge_door(run.report, booth, sent, events)
    with _answering(TellingProvider(*states)):
        drain_here()
    _judge_effects(run.report, states)


def _objects(number: int) -> list[ChargebackState]:
    """Take so many cancellation fees, and return the chargeback of each as the provider has it in the end."""
    ends = (ChargebackIs.WON, ChargebackIs.LOST)
    holds = [hold_of(_fee_taken(), ref=f"pi_{one}") for one in range(number)]
    return [
        chargeback_state(hold.ref, ref=f"dp_{one}", status=ends[one % 2], amount_minor=FEE_MINOR)
        for one, hold in enumerate(holds)
    ]


def _fee_taken() -> Payment:
    job = job_cancelled_with_fee(fee_minor=FEE_MINOR)
    event_for(job, JobEventKind.CANCELLED)
    return payment_held(job=job)


def _messages(run: Run, events: int, refs: list[str]) -> list[Message]:
    """Return every event ten times, and among them forged and stale ones, in no order."""
    bodies = [
        message(f"evt_{one}", refs[one % len(refs)], kind=f"charge.dispute.{_KINDS[one % len(_KINDS)]}")
        for one in range(events)
    ]
    good = [Message(body) for body in bodies * TIMES]
    dice = run.dice
    forged = [Message(dice.choice(bodies), False, secret="whsec_of_a_thief") for _ in range(_share(good, FORGED_SHARE))]
    late_s = TOLERANCE_S + 60
    stale = [Message(dice.choice(bodies), False, signed_s_ago=late_s) for _ in range(_share(good, STALE_SHARE))]
    sent = [*good, *forged, *stale]
    dice.shuffle(sent)
    return sent


def _share(messages: list[Message], share: float) -> int:
    return int(len(messages) * share)


def _judge_door(report: Report, booth: Booth, sent: list[Message], events: int) -> None:
    good = sum(one.is_good for one in sent)
    report.gates += [
        exactly("signed messages taken", booth.answers[True, TAKEN], good),
        exactly("forged or stale messages refused", booth.answers[False, REFUSED], len(sent) - good),
        exactly("events in the inbox", WebhookEvent.objects.count(), events),
        exactly("effects ordered", OutboxMessage.objects.filter(task=APPLY).count(), events),
        in_time("acknowledged p99 ms", percentile(booth.waits_ms, 99), ACK_MS),
    ]
    report.notes |= {"messages": len(sent), "acknowledged p50 ms": percentile(booth.waits_ms, 50)}


def _judge_effects(report: Report, states: list[ChargebackState]) -> None:
    stands = dict(Chargeback.objects.values_list("ref", "status"))
    booked = Counter(LedgerTransaction.objects.values_list("kind", flat=True))
    report.gates += [
        exactly("events left", WebhookEvent.objects.filter(applied_at__isnull=True).count(), 0),
        exactly("chargebacks", len(stands), len(states)),
        exactly("of them not as the provider says", sum(stands.get(one.ref) != one.status.name for one in states), 0),
        exactly("booked as taken back", booked["CHARGEBACK"], len(states)),
        exactly("booked as decided", booked["CHARGEBACK_WON"] + booked["CHARGEBACK_LOST"], len(states)),
    ]


def _control(run: Run) -> None:
    """Without the inbox's constraint the same events, ten at a time, must be seen to be taken more than once."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE payments_webhookevent DROP CONSTRAINT webhook_event_once")
    events, before = run.count(20, 50), WebhookEvent.objects.count()
    with _booth(run) as booth:
        for one in range(events):
            again = Message(message(f"evt_again_{one}", "dp_0"))
            meet(*[partial(booth.hand_in, again)] * TIMES)
    taken = WebhookEvent.objects.count() - before
    run.report.gates.append(at_least("control: effects too many without the constraint", taken - events, 1))


@contextmanager
def _booth(run: Run) -> Iterator[Booth]:
    run.ground.environment["STRIPE_SECRET_KEY"] = KEY
    with Fleet(run.ground.folder, run.ground.environment) as fleet, httpx.Client(timeout=60) as client:
        for _ in range(WEB_PROCESSES):
            fleet.add_web(application="fixmate.tests.chaos.booth:application")
        yield Booth(fleet.web_urls, client)


@contextmanager
def _answering(provider: TellingProvider) -> Iterator[None]:
    """Have this process ask that provider."""
    real, providers.stripe_provider = providers.stripe_provider, lambda: provider
    try:
        with override_settings(STRIPE_SECRET_KEY=KEY):
            yield
    finally:
        providers.stripe_provider = real
