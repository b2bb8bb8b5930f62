"""Cards by their test numbers, which are Stripe's own."""

from fixmate.tests.stripe_server.problems import declined, invalid

GOOD = "4242424242424242"
NO_CARD = "4000000000000002"  # not even attached
DECLINED = "4000000000000341"  # attached, declined when it is to pay
NEEDS_CUSTOMER = ("4000002500003155", "4000002760003184")
BY_NAME = {
    "pm_card_visa": GOOD,
    "pm_card_chargeDeclined": NO_CARD,
    "pm_card_chargeCustomerFail": DECLINED,
    "pm_card_authenticationRequired": NEEDS_CUSTOMER[0],
}


def make(store, number):
    return store.add(
        "payment_method",
        type="card",
        customer=None,
        metadata={},
        card={"brand": "visa", "last4": number[-4:], "exp_month": 12, "exp_year": 2040},
        _number=number,
    )


def create(store, params):
    card = params.pop("card", None)
    if params.pop("type", "") != "card" or not isinstance(card, dict) or not card.get("number", "").isdigit():
        raise invalid("card")
    params.pop("billing_details", None)
    return make(store, card["number"])


def found(store, ref):
    """Return the card; a name of Stripe's for a test card stands for a new one."""
    return make(store, BY_NAME[ref]) if ref in BY_NAME else store.get("payment_method", ref)


def attach(store, ref, params):
    card = found(store, ref)
    customer = store.get("customer", params.pop("customer", ""))
    if card["_number"] == NO_CARD:
        raise declined("card_declined", "generic_decline")
    if card["customer"]:
        raise invalid("customer", "The payment method you provided has already been attached to a customer.")
    card["customer"] = customer["id"]
    return card


def detach(store, ref, _params):
    card = store.get("payment_method", ref)
    card["customer"] = None
    return card
