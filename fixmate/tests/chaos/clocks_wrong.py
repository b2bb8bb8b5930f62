"""C8: the clocks of web and background processes are wrong by two minutes, either way, and jump while work goes on."""

import time
from collections import Counter
from datetime import datetime, timedelta

import httpx
from django.conf import settings

from fixmate.core import clock
from fixmate.tests.chaos.aftermath import seconds_to_drain
from fixmate.tests.chaos.experiment import Run
from fixmate.tests.chaos.figures import Report, at_most, exactly
from fixmate.tests.chaos.fleet import Fleet
from fixmate.tests.chaos.ground import wait_until
from fixmate.tests.chaos.load import Lane, lane
from fixmate.tests.chaos.people import PLACE, Party, Record, party, token_of
from jobs.models import JobEvent
from matching.enums import OfferEventKind, OfferStatus
from matching.models import Offer, OfferEvent
from technicians.models import Position

WRONG_BY_S = 120.0
OFFER_TIMEOUT_S = 8
LEEWAY_S = 30
TOKEN_AGE_S = WRONG_BY_S + 60  # by no clock of the scenarios issued in the future
LANES = 2
AHEAD_TAKEN_S, AHEAD_REFUSED_S = 20, 120
# What each process believes, in seconds off: before, and from the middle of the scenario on.
SCENARIOS = {
    "right": ((0.0, 0.0), (0.0, 0.0)),
    "web ahead, work behind": ((WRONG_BY_S, -WRONG_BY_S), (WRONG_BY_S, -WRONG_BY_S)),
    "web behind, work ahead": ((-WRONG_BY_S, WRONG_BY_S), (-WRONG_BY_S, WRONG_BY_S)),
    "jumps back": ((WRONG_BY_S, WRONG_BY_S), (-WRONG_BY_S, -WRONG_BY_S)),
}


def clocks_wrong(run: Run) -> None:
    """Play the same scenes under each pair of clocks: what comes of them must not differ."""
    run.ground.environment["OFFER_TIMEOUT_S"] = str(OFFER_TIMEOUT_S)
    outcomes: dict[str, Counter[str]] = {}
    record = Record()
    with Fleet(run.ground.folder, run.ground.environment, has_wrong_clocks=True) as fleet:
        fleet.add_background()
        fleet.add_web()
        fleet.add_web()
        for name, (before, after) in SCENARIOS.items():
            outcomes[name] = _play(fleet, record, run, before, after)
        _set_clocks(fleet, (0.0, 0.0))
        seconds_to_drain(run.report, within_s=60)
    _judge(run.report, outcomes, record)


def _judge(report: Report, outcomes: dict[str, Counter[str]], record: Record) -> None:
    different = [name for name, outcome in outcomes.items() if outcome != outcomes["right"]]
    expired = OfferEvent.objects.filter(kind=OfferEventKind.EXPIRED).select_related("offer")
    report.gates += [
        exactly("scenarios with another outcome", len(different), 0),
        exactly("scenarios in which an offer ran out", sum("offer EXPIRED" in it for it in outcomes.values()), 4),
        exactly("offers expired early", sum(event.at < event.offer.expires_at for event in expired), 0),
        exactly("deadlines not 8 s after the offer", _odd_deadlines(), 0),
        exactly("positions from the future", Position.objects.filter(recorded_at__gt=_latest_position()).count(), 0),
        exactly("5xx", len(record.server_errors()), 0),
        at_most("leeway of tokens s", settings.SIMPLE_JWT["LEEWAY"], LEEWAY_S),
    ]
    report.samples += [f"{name}: {dict(outcomes[name])}, not {dict(outcomes['right'])}" for name in different]


def _odd_deadlines() -> int:
    lengths = [offer.expires_at - offer.created_at for offer in Offer.objects.all()]
    return sum(length != timedelta(seconds=OFFER_TIMEOUT_S) for length in lengths)


def _latest_position() -> datetime:
    return clock.now() + timedelta(seconds=AHEAD_TAKEN_S)


# One scenario


def _play(
    fleet: Fleet, record: Record, run: Run, before: tuple[float, float], after: tuple[float, float]
) -> Counter[str]:
    """Complete jobs, let an offer run out, send positions from the future; return what came of it all."""
    _set_clocks(fleet, before)
    parties = [party() for _ in range(LANES)]
    silent = party()
    lanes = [lane(who, fleet.web_urls, record, token_age_s=TOKEN_AGE_S) for who in parties]
    outcome: Counter[str] = Counter()
    waiting = lane(silent, fleet.web_urls, record, token_age_s=TOKEN_AGE_S)
    outcome[f"requested {_order(waiting)}"] += 1
    for one in lanes:
        outcome[f"completed {one.one_job()}"] += 1
        _set_clocks(fleet, after)
    outcome.update(_pings(lanes[0]))
    outcome[f"offer {_end_of_offer(silent)}"] += 1
    outcome[f"token too old {_stale_token_status(fleet, silent)}"] += 1
    for who in parties:
        outcome.update(f"timeline {kind}" for kind in _timeline(who))
    return outcome


def _set_clocks(fleet: Fleet, offsets_s: tuple[float, float]) -> None:
    for name in fleet.programs:
        fleet.set_clock(name, offsets_s[0 if name.startswith("web") else 1])
    time.sleep(0.5)  # processes look at the file ten times a second


def _order(one: Lane) -> int:
    body = {"service_id": one.service_id, "description": "The tap drips.", "address": "12 Beacon Street", **PLACE}
    return one.customer.ask("POST", "jobs", body).status


def _pings(one: Lane) -> list[str]:
    """Send a position a little and one far ahead of the right time: skew of a phone, and nonsense."""
    at = clock.now()
    answers = [
        one.technician.ask(
            "PUT", "technicians/me/location", {**PLACE, "recorded_at": (at + timedelta(seconds=ahead_s)).isoformat()}
        ).status
        for ahead_s in (AHEAD_TAKEN_S, AHEAD_REFUSED_S)
    ]
    return [f"ping {ahead_s} s ahead {status}" for ahead_s, status in zip((20, 120), answers, strict=True)]


def _end_of_offer(who: Party) -> str:
    """Wait for the end of the offer that nobody answers."""
    offers = Offer.objects.filter(technician=who.technician).exclude(status=OfferStatus.PENDING)
    wait_until(offers.exists, within_s=OFFER_TIMEOUT_S + 30, every_s=0.2)
    return str(offers.values_list("status", flat=True).first())


def _stale_token_status(fleet: Fleet, who: Party) -> int:
    """Use a token that ran out longer ago than any leeway and any of the wrong clocks."""
    ran_out_s = settings.ACCESS_TOKEN_LIFETIME.total_seconds() + LEEWAY_S + WRONG_BY_S + 1
    headers = {"Authorization": f"Bearer {token_of(who.customer, age_s=ran_out_s)}"}
    return httpx.get(f"{fleet.web_urls[0]}/api/v1/jobs", headers=headers, timeout=30).status_code


def _timeline(who: Party) -> list[str]:
    return list(JobEvent.objects.filter(job__customer=who.customer).values_list("kind", flat=True))
