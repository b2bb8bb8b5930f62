"""Accounts of technicians, and what is transferred to them."""

import time

from fixmate.tests.stripe_server.intents import amount_in
from fixmate.tests.stripe_server.problems import Problem, invalid

LINK_FOR_S = 300


def account_create(store, params):
    if params.pop("type", "") not in ("express", "custom", "standard"):
        raise invalid("type")
    asked = params.pop("capabilities", {})
    account = store.add(
        "account",
        type="express",
        metadata=params.pop("metadata", {}),
        capabilities=dict.fromkeys(asked, "inactive"),
        details_submitted=False,
        charges_enabled=False,
        payouts_enabled=False,
    )
    store.event("account.updated", account)
    return account


def account_onboard(store, ref, *, ready=True):
    """Have him tell Stripe who he is, or have Stripe think otherwise later."""
    account = store.get("account", ref)
    state = "active" if ready else "inactive"
    account.update(
        details_submitted=True,
        payouts_enabled=ready,
        capabilities=dict.fromkeys(account["capabilities"], state),
    )
    store.event("account.updated", account)
    return account


def link_create(store, params):
    account = store.get("account", params.pop("account", ""))
    for name in ("refresh_url", "return_url"):
        if not params.pop(name, "").startswith("http"):
            raise invalid(name)
    if params.pop("type", "") != "account_onboarding":
        raise invalid("type")
    at = int(time.time())
    store.numbers["account_link"] += 1
    url = f"https://connect.stand-in.example/setup/e/{account['id']}/{store.numbers['account_link']}"
    return {"object": "account_link", "created": at, "expires_at": at + LINK_FOR_S, "url": url}


def transfer_create(store, params):
    account = store.get("account", params.pop("destination", ""))
    if account["capabilities"].get("transfers") != "active":
        raise Problem(
            400,
            "Your destination account needs to have the transfers capability enabled.",
            code="insufficient_capabilities_for_transfer",
        )
    transfer = store.add(
        "transfer",
        amount=amount_in(params),
        amount_reversed=0,
        reversed=False,
        currency=params.pop("currency").lower(),
        destination=account["id"],
        transfer_group=params.pop("transfer_group", None),
        metadata=params.pop("metadata", {}),
    )
    store.book("transfer", -transfer["amount"], transfer, currency=transfer["currency"])
    store.event("transfer.created", transfer)
    return transfer


def transfer_reverse(store, ref, params):
    transfer = store.get("transfer", ref)
    amount = amount_in(params, most=transfer["amount"] - transfer["amount_reversed"])
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    reversal = store.add("transfer_reversal", amount=amount, currency=transfer["currency"], transfer=ref)
    store.book("transfer_reversal", amount, reversal, currency=transfer["currency"])
    store.event("transfer.reversed", transfer)
    return transfer
