"""What is to go wrong with the next requests."""

import re
from threading import Lock

# Of the way: slow (and then done), down (not done, no answer), drop (done, no answer), error, busy, locked_out (not
# done), nonsense (done, no JSON), odd (done, JSON of another shape), empty.
# Of the payment: decline (with `code`), action (the customer has to be there), pending (a refund that takes time).
OUTCOMES = ("decline", "action", "pending")


class Faults:
    def __init__(self):
        self._lock = Lock()
        self._all = []

    def clear(self):
        with self._lock:
            self._all.clear()

    def add(self, *, kind, times=1, match="", **details):
        """Have it happen to the next `times` requests, or to all with 0, whose `METHOD /path` has `match` in it."""
        with self._lock:
            self._all.append({"kind": kind, "times": times, "match": match, **details})

    def take(self, request):
        """Return what is to happen to this request: one fault of the way and one of the payment, or None."""
        with self._lock:
            way = self._first(request, is_outcome=False)
            return way, self._first(request, is_outcome=True)

    def _first(self, request, *, is_outcome):
        for fault in self._all:
            if (fault["kind"] in OUTCOMES) != is_outcome or not re.search(fault["match"] or _usual(fault), request):
                continue
            if fault["times"] == 1:
                self._all.remove(fault)
            elif fault["times"]:
                fault["times"] -= 1
            return fault
        return None


def _usual(fault):
    """Return which requests an outcome is for, unless it says."""
    if fault["kind"] == "pending":
        return r"^POST /v1/refunds$"
    return r"^POST /v1/payment_intents(/\w+/confirm)?$" if fault["kind"] in OUTCOMES else ""
