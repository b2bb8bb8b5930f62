"""Payment intents with manual capture, and what is given back of them."""

from fixmate.tests.stripe_server import cards
from fixmate.tests.stripe_server.problems import Problem, declined, invalid, unexpected_state

HELD_FOR_S = 4 * 86_400 + 18 * 3_600  # what Visa gives where the customer is not there
CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action", "requires_capture")


def amount_in(params, name="amount", *, most=None):
    value = str(params.pop(name, "") if most is None else params.pop(name, most))
    if not value.isdigit() or not int(value):
        raise invalid(name)
    if most is not None and int(value) > most:
        raise Problem(400, f"{name} is greater than the amount left ({most}).", code="amount_too_large", param=name)
    return int(value)


def create(store, params, *, outcome=None):
    if "payment_method_types" in params:
        raise Problem(
            400,
            "payment_method_types is no longer supported.",
            is_kept=False,
            code="payment_method_types_no_longer_supported",
        )
    if params.pop("capture_method", "") != "manual":
        raise invalid("capture_method", "The stand-in knows manual capture alone.")
    customer = store.get("customer", params.pop("customer", ""))
    card = cards.found(store, params.pop("payment_method", ""))
    if card["customer"] not in (None, customer["id"]):
        raise invalid("payment_method", "The payment method belongs to another customer.")
    params.pop("allowed_payment_method_types", None)
    is_confirmed, is_off_session = params.pop("confirm", "") == "true", params.pop("off_session", "") == "true"
    intent = store.add(
        "payment_intent",
        amount=amount_in(params),
        currency=params.pop("currency", "usd").lower(),
        customer=customer["id"],
        payment_method=card["id"],
        payment_method_types=["card"],
        metadata=params.pop("metadata", {}),
        capture_method="manual",
        status="requires_confirmation",
        amount_capturable=0,
        amount_received=0,
        latest_charge=None,
        last_payment_error=None,
        next_action=None,
        canceled_at=None,
        cancellation_reason=None,
    )
    intent["client_secret"] = f"{intent['id']}_secret_{store.numbers['payment_intent']}"
    store.event("payment_intent.created", intent)
    return _confirm(store, intent, is_off_session=is_off_session, outcome=outcome) if is_confirmed else intent


def confirm(store, ref, params, *, outcome=None):
    intent = store.get("payment_intent", ref)
    if intent["status"] not in ("requires_confirmation", "requires_payment_method"):
        raise unexpected_state(intent, "confirmed")
    if "payment_method" in params:
        intent["payment_method"] = cards.found(store, params.pop("payment_method"))["id"]
    is_off_session = params.pop("off_session", "") == "true"
    return _confirm(store, intent, is_off_session=is_off_session, outcome=outcome)


def authenticate(store, ref, *, success):
    """Do what the customer's app does: he says yes to his bank, or no."""
    intent = store.get("payment_intent", ref)
    waits = intent["status"] == "requires_action" or (intent["last_payment_error"] or {}).get("code") == (
        "authentication_required"
    )
    if not waits:
        raise unexpected_state(intent, "authenticated")
    if success:
        return _hold(store, intent)
    error = {"type": "card_error", "code": "payment_intent_authentication_failure"}
    return _fail(store, intent, error)


def _confirm(store, intent, *, is_off_session, outcome):
    number = store.get("payment_method", intent["payment_method"])["_number"]
    if number in (cards.DECLINED, cards.NO_CARD) or (outcome or {}).get("kind") == "decline":
        code = (outcome or {}).get("code", "insufficient_funds")
        _fail(store, intent, {"type": "card_error", "code": "card_declined", "decline_code": code})
        raise declined("card_declined", code, intent)
    if number not in cards.NEEDS_CUSTOMER and (outcome or {}).get("kind") != "action":
        return _hold(store, intent)
    if is_off_session:
        code = "authentication_required"
        _fail(store, intent, {"type": "card_error", "code": code, "decline_code": code})
        raise declined(code, code, intent)
    intent["status"], intent["next_action"] = "requires_action", {"type": "use_stripe_sdk"}
    store.event("payment_intent.requires_action", intent)
    return intent


def _fail(store, intent, error):
    intent["status"], intent["last_payment_error"], intent["next_action"] = "requires_payment_method", error, None
    store.event("payment_intent.payment_failed", intent)
    return intent


def _hold(store, intent):
    charge = store.add(
        "charge",
        amount=intent["amount"],
        amount_captured=0,
        amount_refunded=0,
        captured=False,
        refunded=False,
        disputed=False,
        currency=intent["currency"],
        customer=intent["customer"],
        payment_intent=intent["id"],
        metadata=dict(intent["metadata"]),
        status="succeeded",
    )
    charge["payment_method_details"] = {"type": "card", "card": {"capture_before": charge["created"] + HELD_FOR_S}}
    intent.update(
        status="requires_capture",
        amount_capturable=intent["amount"],
        latest_charge=charge["id"],
        last_payment_error=None,
        next_action=None,
    )
    store.event("charge.succeeded", charge)
    store.event("payment_intent.amount_capturable_updated", intent)
    return intent


def capture(store, ref, params):
    intent = store.get("payment_intent", ref)
    if intent["status"] != "requires_capture":
        raise unexpected_state(intent, "captured")
    amount = amount_in(params, "amount_to_capture", most=intent["amount_capturable"])
    charge = store.get("charge", intent["latest_charge"])
    intent.update(status="succeeded", amount_received=amount, amount_capturable=0)
    charge.update(captured=True, amount_captured=amount)
    charge["balance_transaction"] = store.book("charge", amount, charge, currency=intent["currency"])["id"]
    store.event("charge.captured", charge)
    store.event("payment_intent.succeeded", intent)
    return intent


def cancel(store, ref, params, *, reason="requested_by_customer"):
    intent = store.get("payment_intent", ref)
    if intent["status"] not in CANCELABLE:
        raise unexpected_state(intent, "canceled")
    reason = params.pop("cancellation_reason", reason)
    intent.update(status="canceled", amount_capturable=0, next_action=None, cancellation_reason=reason)
    store.event("payment_intent.canceled", intent)
    return intent


# Refunds


def refund(store, params, *, outcome=None):
    intent = store.get("payment_intent", params.pop("payment_intent", ""))
    if intent["status"] != "succeeded":
        raise Problem(
            400, "This PaymentIntent does not have a successful charge to refund.", code="charge_not_captured"
        )
    charge = store.get("charge", intent["latest_charge"])
    if charge["disputed"]:
        raise Problem(400, f"Charge {charge['id']} has been charged back.", code="charge_disputed")
    left = charge["amount_captured"] - charge["amount_refunded"]
    if not left:
        raise Problem(400, f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    made = store.add(
        "refund",
        amount=amount_in(params, most=left),
        currency=charge["currency"],
        charge=charge["id"],
        payment_intent=intent["id"],
        metadata=params.pop("metadata", {}),
        reason=params.pop("reason", None),
        status="pending" if (outcome or {}).get("kind") == "pending" else "succeeded",
    )
    _give_back(store, made, made["amount"])
    store.event("refund.created", made)
    store.event("charge.refunded", charge)
    return made


def refund_settle(store, ref, *, success):
    """End a refund as the bank does: it arrived, or it comes back."""
    made = store.get("refund", ref)
    if not success:
        made.update(status="failed", failure_reason="expired_or_canceled_card")
        _give_back(store, made, -made["amount"])
    else:
        made["status"] = "succeeded"
    store.event("refund.failed" if not success else "refund.updated", made)
    return made


def _give_back(store, made, amount):
    charge = store.get("charge", made["charge"])
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    kind = "refund" if amount > 0 else "refund_failure"
    made["balance_transaction"] = store.book(kind, -amount, made, currency=made["currency"])["id"]
