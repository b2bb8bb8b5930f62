"""Stripe, by its official library.

Its keys of idempotency are forgotten after a day, so whatever moves money is looked for by the id of ours that it
carries before it is made. What Stripe answers is read in `stripe_objects`; how a payment goes on is not known here.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import stripe
from django.conf import settings
from stripe.params import (
    PaymentIntentCancelParams,
    PaymentIntentCaptureParams,
    PaymentIntentCreateParams,
    PaymentMethodAttachParams,
)

from fixmate.core.money import Money
from payments.providers.asked import (
    AccountState,
    ChargebackState,
    HoldAsk,
    HoldIs,
    HoldState,
    OnlineProvider,
    ProviderEvent,
    ProviderRefused,
    Record,
    RefundState,
    TransferState,
)
from payments.providers.stripe_asks import PAGE, asks, carrying, error_of, is_unknown, pages, stripe_breaker
from payments.providers.stripe_events import event_read
from payments.providers.stripe_objects import (
    Object,
    account_state,
    amount_of,
    chargeback_record,
    chargeback_state,
    hold_record,
    hold_state,
    is_inquiry,
    ref_of,
    refund_record,
    refund_state,
    text_of,
    transfer_record,
    transfer_state,
)

NOT_FOUND = 404
CLOCKS_DIFFER_BY: Final = timedelta(hours=1)  # at the very most, ours and Stripe's

stripe.enable_telemetry = False  # it writes a file of its own and tells Stripe of this machine


def stripe_provider() -> OnlineProvider:
    return _provider(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL, settings.STRIPE_TIMEOUT_S)


@lru_cache(maxsize=1)
def _provider(secret_key: str, api_url: str, timeout_s: int) -> "StripeProvider":
    return StripeProvider(secret_key, api_url, timeout_s)


class StripeProvider:
    def __init__(self, secret_key: str, api_url: str, timeout_s: int) -> None:
        self.breaker = stripe_breaker()
        client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_url.rstrip("/")},
            max_network_retries=0,  # tries again are made in one place, and it is not this
            http_client=stripe.RequestsClient(timeout=timeout_s),
        )
        self._api = client.v1

    # The customer's money

    @asks
    def customer(self, *, user_id: UUID, key: str) -> str:
        """Return the ref of a customer that knows nothing of him but our id."""
        made = self._api.customers.create({"metadata": {"user": str(user_id)}}, {"idempotency_key": key})
        return ref_of(made.to_dict(), "customer")

    @asks
    def hold(self, *, ask: HoldAsk, key: str) -> HoldState:
        """Attach the card to the customer and hold the amount on it.

        A decline that Stripe made an object of is a state; one of the card alone is a refusal.
        """
        found = carrying(self._intents(ask), "hold", ask.hold_id)
        if found:
            return hold_state(self._intent(found["id"]))
        card = self._attached(ask, key)
        try:
            return hold_state(self._create_intent(ask, card, key))
        except stripe.CardError as exc:
            intent = error_of(exc).get("payment_intent")
            if not intent:
                raise
            return hold_state(intent)

    @asks
    def hold_state(self, ref: str) -> HoldState:
        return hold_state(self._intent(ref))

    @asks
    def capture(self, *, ref: str, amount: Money, key: str) -> HoldState:
        take: PaymentIntentCaptureParams = {"amount_to_capture": amount_of(amount), "expand": ["latest_charge"]}
        state = self._ended(ref, lambda: self._api.payment_intents.capture(ref, take, {"idempotency_key": key}))
        if state.captured_minor != amount.minor:
            raise ProviderRefused(f"it is {state.status}, {state.captured_minor} taken", code="unexpected_state")
        return state

    @asks
    def release(self, *, ref: str, key: str) -> HoldState:
        look: PaymentIntentCancelParams = {"expand": ["latest_charge"]}
        state = self._ended(ref, lambda: self._api.payment_intents.cancel(ref, look, {"idempotency_key": key}))
        if state.status != HoldIs.RELEASED:
            raise ProviderRefused(f"it is {state.status}, {state.captured_minor} taken", code="unexpected_state")
        return state

    @asks
    def refund(self, *, hold_ref: str, call_id: UUID, refund_id: UUID, amount: Money, key: str) -> RefundState:
        of_hold = pages(self._api.refunds.list, payment_intent=hold_ref)
        found = carrying(of_hold, "call", call_id)
        if found:
            return refund_state(found)
        made = self._api.refunds.create(
            {
                "payment_intent": hold_ref,
                "amount": amount_of(amount),
                "metadata": {"refund": str(refund_id), "call": str(call_id)},
            },
            {"idempotency_key": key},
        )
        return refund_state(made.to_dict())

    @asks
    def refund_state(self, ref: str) -> RefundState:
        return refund_state(self._api.refunds.retrieve(ref).to_dict())

    # The technician's

    @asks
    def account(self, *, technician_id: UUID, key: str) -> AccountState:
        made = self._api.accounts.create(
            {
                "type": "express",
                "capabilities": {"transfers": {"requested": True}},
                "metadata": {"technician": str(technician_id)},
            },
            {"idempotency_key": key},
        )
        return account_state(made.to_dict())

    @asks
    def account_state(self, ref: str) -> AccountState:
        return account_state(self._api.accounts.retrieve(ref).to_dict())

    @asks
    def account_link(self, *, ref: str, refresh_url: str, return_url: str) -> str:
        link = self._api.account_links.create(
            {"account": ref, "refresh_url": refresh_url, "return_url": return_url, "type": "account_onboarding"}
        )
        return text_of(link.to_dict()["url"])

    @asks
    def transfer(self, *, account_ref: str, payout_id: UUID, amount: Money, key: str) -> TransferState:
        of_payout = pages(self._api.transfers.list, transfer_group=str(payout_id))
        found = carrying(of_payout, "payout", payout_id)
        if found:
            return transfer_state(found)
        made = self._api.transfers.create(
            {
                "amount": amount_of(amount),
                "currency": amount.currency.lower(),
                "destination": account_ref,
                "transfer_group": str(payout_id),
                "metadata": {"payout": str(payout_id)},
            },
            {"idempotency_key": key},
        )
        return transfer_state(made.to_dict())

    @asks
    def transfer_state(self, ref: str) -> TransferState:
        return transfer_state(self._api.transfers.retrieve(ref).to_dict())

    # What it tells us

    def event(self, *, body: bytes, signature: str) -> ProviderEvent:
        return event_read(body=body, signature=signature)

    @asks
    def chargeback_state(self, ref: str) -> ChargebackState:
        """Return how it stands.

        :raises ProviderRefused: with `inquiry`, where the bank only asks and has taken nothing, or `no_intent`
        """
        dispute = self._api.disputes.retrieve(ref).to_dict()
        if is_inquiry(dispute):
            raise ProviderRefused("the bank asks, and has taken nothing", code="inquiry")
        if not dispute["payment_intent"]:
            raise ProviderRefused("it is about a charge that was not made for us", code="no_intent")
        return chargeback_state(dispute)

    def records(self, *, since: datetime) -> Iterator[Record]:
        """Read its books from the newest on, page by page."""
        yield from self._records(since, self._api.payment_intents.list, hold_record, expand=["data.latest_charge"])
        yield from self._records(since, self._api.refunds.list, refund_record)
        yield from self._records(since, self._api.transfers.list, transfer_record)
        yield from self._records(since, self._api.disputes.list, chargeback_record)

    # Parts

    def _attached(self, ask: HoldAsk, key: str) -> str:
        """Return the ref of the card as the customer's; it is his already, or else the intent will be refused."""
        his: PaymentMethodAttachParams = {"customer": ask.customer_ref}
        try:
            card = self._api.payment_methods.attach(ask.method, his, {"idempotency_key": f"{key}-card"})
        except stripe.InvalidRequestError:
            return ask.method
        return ref_of(card.to_dict(), "payment_method")

    def _create_intent(self, ask: HoldAsk, card: str, key: str) -> Object:
        params: PaymentIntentCreateParams = {
            "amount": amount_of(ask.amount),
            "currency": ask.amount.currency.lower(),
            "customer": ask.customer_ref,
            "payment_method": card,
            "allowed_payment_method_types": [
                "card"
            ],  # others send the customer somewhere, and ask where he is to return
            "capture_method": "manual",
            "confirm": True,
            "off_session": True,
            "metadata": {"payment": str(ask.payment_id), "hold": str(ask.hold_id)},
            "expand": ["latest_charge"],
        }
        try:
            return self._api.payment_intents.create(params, {"idempotency_key": key}).to_dict()
        except stripe.InvalidRequestError as exc:
            if not is_unknown("allowed_payment_method_types", exc):
                raise
        del params["allowed_payment_method_types"]
        return self._api.payment_intents.create(params, {"idempotency_key": key}).to_dict()

    def _ended(self, ref: str, end: Callable[[], stripe.PaymentIntent]) -> HoldState:
        """Return how it stands after the request, or after the one before it: its key may be forgotten."""
        try:
            return hold_state(end().to_dict())
        except stripe.InvalidRequestError:
            return hold_state(self._intent(ref))

    def _intent(self, ref: str) -> Object:
        return self._api.payment_intents.retrieve(ref, {"expand": ["latest_charge"]}).to_dict()

    def _intents(self, ask: HoldAsk) -> Iterator[Object]:
        """Yield what may be of the ask: a customer of years has thousands, and those made before it are not."""
        since = int((ask.asked_at - CLOCKS_DIFFER_BY).timestamp())
        try:
            yield from pages(self._api.payment_intents.list, customer=ask.customer_ref, created={"gte": since})
        except stripe.InvalidRequestError as exc:
            if not is_unknown("customer", exc):
                raise
            yield from pages(self._api.payment_intents.list)

    def _records(
        self, since: datetime, read: Callable[[Any], Any], understood: Callable[[Object], Record | None], **extra: Any
    ) -> Iterator[Record]:
        page: Object = {"limit": PAGE, **extra}
        while page:
            records, last = self._page(read, page, understood)
            for record in records:
                if record.at < since:
                    return
                yield record
            page = {**page, "starting_after": last} if last else {}

    @asks
    def _page(
        self, read: Callable[[Any], Any], page: Object, understood: Callable[[Object], Record | None]
    ) -> tuple[list[Record], str]:
        """Return the records of a page and, if there are more, the ref of its last object.

        A server without such objects, as localstripe is for some, has none of them.
        """
        try:
            listed = read(page).to_dict()
        except stripe.APIError as exc:
            if exc.http_status != NOT_FOUND:
                raise
            return [], ""
        records = [record for record in map(understood, listed["data"]) if record]
        return records, listed["data"][-1]["id"] if listed["has_more"] else ""
