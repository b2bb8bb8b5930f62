"""What the server knows: objects by kind, numbered; events; who is told."""

import copy
import time
from collections import Counter, defaultdict

from fixmate.tests.stripe_server.problems import invalid, missing

PREFIXES = {
    "customer": "cus",
    "payment_method": "pm",
    "payment_intent": "pi",
    "charge": "ch",
    "refund": "re",
    "account": "acct",
    "transfer": "tr",
    "transfer_reversal": "trr",
    "dispute": "du",
    "balance_transaction": "txn",
    "event": "evt",
}
PAGE, LONGEST_PAGE = 10, 100


class Store:
    def __init__(self, tell):
        self.tell = tell
        self.reset()

    def reset(self):
        self.objects = defaultdict(dict)
        self.numbers = Counter()

    def add(self, kind, **fields):
        self.numbers[kind] += 1
        ref = f"{PREFIXES[kind]}_{self.numbers[kind]:08d}"
        made = {"id": ref, "object": kind, "created": int(time.time()), "livemode": False, **fields}
        self.objects[kind][ref] = made
        return made

    def get(self, kind, ref):
        found = self.objects[kind].get(ref)
        if found is None:
            raise missing(kind, ref)
        return found

    def all(self, kind):
        return list(self.objects[kind].values())

    def event(self, type, thing):
        """Note that something happened, and tell whoever listens."""
        event = self.add("event", type=type, api_version="stand-in", data={"object": copy.deepcopy(thing)})
        self.tell(event)

    def book(self, kind, amount, source, *, fee=0, currency):
        return self.add(
            "balance_transaction",
            type=kind,
            amount=amount,
            fee=fee,
            net=amount - fee,
            currency=currency,
            source=source["id"],
            status="available",
        )

    # Lists

    def page(self, url, things, params):
        """Return a page of a list as Stripe cuts it: the newest first."""
        bounds = params.pop("created", {})
        things = [thing for thing in reversed(things) if _is_within(thing, bounds)]
        limit = _limit(params.pop("limit", PAGE))
        after, before = params.pop("starting_after", ""), params.pop("ending_before", "")
        refs = [thing["id"] for thing in things]
        if after:
            things = things[_place(refs, after, "starting_after") + 1 :]
        if before:
            things = things[: _place(refs, before, "ending_before")][-limit:]
        return {"object": "list", "url": url, "has_more": len(things) > limit, "data": things[:limit]}


def _limit(value):
    if not str(value).isdigit() or not 1 <= int(value) <= LONGEST_PAGE:
        raise invalid("limit")
    return int(value)


def _place(refs, ref, param):
    if ref not in refs:
        raise invalid(param, f"No such object: '{ref}'")
    return refs.index(ref)


def _is_within(thing, bounds):
    at = thing["created"]
    if not isinstance(bounds, dict):
        return at == int(bounds)
    tests = {"gt": at.__gt__, "gte": at.__ge__, "lt": at.__lt__, "lte": at.__le__}
    return all(tests[name](int(value)) for name, value in bounds.items())
