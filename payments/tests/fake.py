"""An online provider in memory, for the logic above the interface. The real one is tried over HTTP."""

from dataclasses import replace
from datetime import timedelta
from threading import Lock

from fixmate.core import clock
from payments.providers import HoldIs, HoldState, ProviderAway, ProviderRefused, RefundIs, RefundState

CARD, DECLINED, ASKS, SLOW = "card_ok", "card_declined", "card_asks", "card_slow"
_HELD_FOR = timedelta(days=7)


class FakeProvider:
    """It does what it is asked once a key, and can be away before or after it has done so."""

    def __init__(self):
        self.holds = {}
        self.refunds = {}
        self.made_for = {}  # object's id by the id of ours
        self.done = {}  # answers by key
        self.asked = []  # every question that reached it, in order
        self.away = self.away_after = 0  # how many of the next questions
        self.refuses = {}  # codes by the name of the question
        self.refunds_pend = False
        self.is_exact = True  # without: a key means nothing to it
        self._lock = Lock()

    # What tests do from outside

    def confirm(self, ref):
        """The customer says yes to his bank."""
        self._change(ref, status=HoldIs.HELD, client_secret="", lapses_at=clock.now() + _HELD_FOR)

    def lapse(self, ref):
        self._change(ref, status=HoldIs.RELEASED)

    def fail(self, ref, failure="expired_card"):
        self._change(ref, status=HoldIs.FAILED, failure=failure)

    def settle_refund(self, ref, status=RefundIs.DONE):
        self.refunds[ref] = replace(self.refunds[ref], status=status, failure="bank" * (status == RefundIs.FAILED))

    def _change(self, ref, **changes):
        self.holds[ref] = replace(self.holds[ref], **changes)

    # How it is asked

    def _do(self, name, key, act):
        with self._lock:
            self.asked.append(name)
            if self.away:
                self.away -= 1
                raise ProviderAway("down")
            if key not in self.done or not self.is_exact:
                if name in self.refuses:
                    raise ProviderRefused("No.", code=self.refuses[name])
                self.done[key] = act()
            if self.away_after:
                self.away_after -= 1
                raise ProviderAway("the answer was lost")
            return self.done[key]

    def customer(self, *, user_id, key):
        return self._do("customer", key, lambda: f"cus_{user_id}")

    def hold(self, *, ask, key):
        return self._do("hold", key, lambda: self._hold(ask))

    def _hold(self, ask):
        ref = f"pi_{len(self.holds) + 1}_{ask.hold_id.hex[-6:]}"
        self.made_for.setdefault(ask.hold_id, []).append(ref)
        state = HoldState(ref=ref, status=HoldIs.HELD, amount_minor=ask.amount.minor)
        facts = {
            DECLINED: {"status": HoldIs.FAILED, "failure": "card_declined"},
            ASKS: {"status": HoldIs.ACTION_NEEDED, "client_secret": f"{ref}_secret"},
            SLOW: {"status": HoldIs.UNDER_WAY},
        }.get(ask.method, {"lapses_at": clock.now() + _HELD_FOR})
        self.holds[ref] = replace(state, **facts)
        return self.holds[ref]

    def hold_state(self, ref):
        return self._do("hold_state", object(), lambda: self.holds[ref])

    def capture(self, *, ref, amount, key):
        return self._do("capture", key, lambda: self._capture(ref, amount.minor))

    def _capture(self, ref, minor):
        if self.holds[ref].status != HoldIs.HELD:
            raise ProviderRefused("It holds nothing.", code="unexpected_state")
        self._change(ref, status=HoldIs.CAPTURED, captured_minor=minor)
        return self.holds[ref]

    def release(self, *, ref, key):
        return self._do("release", key, lambda: self._release(ref))

    def _release(self, ref):
        if self.holds[ref].status == HoldIs.CAPTURED:
            raise ProviderRefused("It is taken.", code="unexpected_state")
        self._change(ref, status=HoldIs.RELEASED, client_secret="")
        return self.holds[ref]

    def refund(self, *, hold_ref, call_id, refund_id, amount, key):
        return self._do("refund", key, lambda: self._refund(hold_ref, amount.minor))

    def _refund(self, hold_ref, minor):
        its = [state for ref, state in self.refunds.items() if ref.startswith(f"re_{hold_ref}_")]
        given = sum(state.amount_minor for state in its if state.status != RefundIs.FAILED)
        if given + minor > self.holds[hold_ref].captured_minor:
            raise ProviderRefused("More than was taken.", code="charge_already_refunded")
        ref = f"re_{hold_ref}_{len(self.refunds) + 1}"
        status = RefundIs.UNDER_WAY if self.refunds_pend else RefundIs.DONE
        self.refunds[ref] = RefundState(ref=ref, status=status, amount_minor=minor)
        return self.refunds[ref]

    def refund_state(self, ref):
        return self._do("refund_state", object(), lambda: self.refunds[ref])

    # What it has of ours

    @property
    def held_minor(self):
        return sum(one.amount_minor for one in self.holds.values() if one.status == HoldIs.HELD)

    @property
    def taken_minor(self):
        given = sum(one.amount_minor for one in self.refunds.values() if one.status == RefundIs.DONE)
        return sum(one.captured_minor for one in self.holds.values()) - given
