"""C14: one refresh token, thirty times at one moment: by one phone that lost the answer, by many devices, and later."""

from collections import Counter
from datetime import timedelta
from functools import partial
from uuid import uuid4

import httpx
from django.conf import settings

from accounts.api.tokens import TokenPair, pair_of
from accounts.enums import SecurityEventKind, SessionEnd
from accounts.models import SecurityEvent, Session
from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.tests.chaos.experiment import Run
from fixmate.tests.chaos.figures import at_least, exactly, percentile
from fixmate.tests.chaos.fleet import Fleet
from fixmate.tests.chaos.races import DOUBLE_WINS_SHARE, meet

AT_ONCE, WEB_PROCESSES = 30, 2
OK, REFUSED = httpx.codes.OK, httpx.codes.UNAUTHORIZED
# What went wrong, if anything did: counted over all rounds.
SERVER_ERRORS, FORKED, LOST, SURVIVED, UNRECORDED = "5xx", "forked", "lost", "survived", "unrecorded"
_Pairs = set[tuple[str, str]]


class _Servers:
    """Web processes, and open lines to them: apps keep theirs."""

    def __init__(self, urls: list[str]) -> None:
        self.urls = urls
        self._client = httpx.Client(timeout=60, verify=False, limits=httpx.Limits(max_connections=AT_ONCE))

    def __enter__(self) -> "_Servers":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def refresh(self, token: str, device: str, number: int = 0) -> httpx.Response:
        url = f"{self.urls[number % len(self.urls)]}/api/v1/auth/refresh"
        return self._client.post(url, json={"refresh_token": token}, headers={"User-Agent": device})

    def knows(self, access: str) -> bool:
        headers = {"Authorization": f"Bearer {access}"}
        return self._client.get(f"{self.urls[0]}/api/v1/auth/me", headers=headers).status_code != REFUSED


def one_continuation(run: Run) -> None:
    """One phone repeating itself goes on, once; among thirty devices one does at most, and that ends the family."""
    run.controls.append(lambda: _control(run))
    phone, thieves = run.count(10, 100), run.count(10, 100)
    found: Counter[str] = Counter()
    with Fleet(run.ground.folder, run.ground.environment) as fleet:
        for _ in range(WEB_PROCESSES):
            fleet.add_web()
        with _Servers(fleet.web_urls) as servers:
            for _ in range(phone):
                found += _one_phone(servers)
            for _ in range(thieves):
                found += _many_devices(servers)
    run.report.gates += [
        exactly("rounds with more than one continuation", found[FORKED], 0),
        exactly("repeats of one phone that were refused", found[LOST], 0),
        exactly("tokens good after a reuse", found[SURVIVED], 0),
        exactly("reuses that are not on record", found[UNRECORDED], 0),
        exactly("5xx", found[SERVER_ERRORS], 0),
    ]
    run.report.notes |= {"rounds of one phone": phone, "rounds of many devices": thieves}


def _control(run: Run) -> None:
    """The same at a web process without locks: the family must be seen to fork."""
    rounds = run.count(20, 50)
    with Fleet(run.ground.folder, run.ground.environment) as fleet:
        fleet.add_web(application="fixmate.tests.chaos.unlocked:application")
        with _Servers(fleet.web_urls) as servers:
            forks = [len(_refreshed(servers, _login(), ["phone"] * AT_ONCE)[0]) for _ in range(rounds)]
    run.report.gates.append(
        at_least("control: rounds that fork, %", 100 * sum(fork > 1 for fork in forks) / rounds, DOUBLE_WINS_SHARE)
    )
    run.report.notes["continuations without locks, median"] = percentile(forks, 50)


def _one_phone(servers: _Servers) -> Counter[str]:
    """Thirty repeats get one and the same pair; the old token ends the family once the window for them is over."""
    old = _login()
    pairs, statuses = _refreshed(servers, old, ["phone"] * AT_ONCE)
    found = _faults(statuses)
    found[FORKED] += len(pairs) > 1
    found[LOST] += AT_ONCE - statuses[OK]
    session = Session.objects.get(user=old.user)
    Session.objects.filter(pk=session.pk).update(
        refreshed_at=session.refreshed_at - settings.REFRESH_REPLAY_WINDOW - timedelta(seconds=1)
    )
    later, _ = _refreshed(servers, old, ["phone"])
    return found + _after_reuse(servers, old, pairs | later)


def _many_devices(servers: _Servers) -> Counter[str]:
    """The first goes on, the second is a thief or was robbed: nobody can tell, so nobody goes on."""
    old = _login()
    pairs, statuses = _refreshed(servers, old, [f"device {number}" for number in range(AT_ONCE)])
    found = _faults(statuses)
    found[FORKED] += len(pairs) > 1
    return found + _after_reuse(servers, old, pairs)


def _after_reuse(servers: _Servers, old: TokenPair, pairs: _Pairs) -> Counter[str]:
    """Count what is still good of a family that must be dead, and whether its end is on record."""
    found: Counter[str] = Counter()
    for access, refresh in {*pairs, (old.access_token, old.refresh_token)}:
        found[SURVIVED] += servers.knows(access)
        found[SURVIVED] += servers.refresh(refresh, "phone").status_code != REFUSED
    is_ended = Session.objects.filter(user=old.user, end_reason=SessionEnd.REUSE).count() == 1
    events = SecurityEvent.objects.filter(user=old.user, kind=SecurityEventKind.REFRESH_REUSED).count()
    found[UNRECORDED] += not (is_ended and events == 1)
    return found


def _login() -> TokenPair:
    """Open a session as a login would, without the hashing."""
    at = clock.now()
    session = Session.objects.create(
        user=UserFactory(),
        created_at=at,
        refreshed_at=at,
        expires_at=at + settings.REFRESH_TOKEN_LIFETIME,
        refresh_jti=uuid4(),
        user_agent="phone",
    )
    return pair_of(session)


def _refreshed(servers: _Servers, old: TokenPair, devices: list[str]) -> tuple[_Pairs, Counter[int]]:
    """Let the devices refresh with one token at one moment; return the different pairs, and how often each status."""
    answers: list[httpx.Response] = []

    def refresh(number: int, device: str) -> str:
        answers.append(servers.refresh(old.refresh_token, device, number))
        return ""

    meet(*[partial(refresh, number, device) for number, device in enumerate(devices)])
    good = [answer.json() for answer in answers if answer.status_code == OK]
    statuses = Counter(answer.status_code for answer in answers)
    statuses[0] += len(devices) - len(answers)  # connections that broke
    return {(pair["access_token"], pair["refresh_token"]) for pair in good}, statuses


def _faults(statuses: Counter[int]) -> Counter[str]:
    return Counter({SERVER_ERRORS: sum(n for status, n in statuses.items() if status >= 500 or not status)})
