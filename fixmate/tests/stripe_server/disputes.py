"""Chargebacks, as a customer's bank begins and ends them."""

import time

from fixmate.tests.stripe_server.problems import Problem

FEE = 1_500
RESPOND_WITHIN_S = 9 * 86_400


def open_one(store, intent_ref, *, amount=None, reason="fraudulent", due_by=None, fee=FEE, inquiry=False):
    intent = store.get("payment_intent", intent_ref)
    if intent["status"] != "succeeded":
        raise Problem(400, "Nothing was captured that a bank could take back.")
    charge = store.get("charge", intent["latest_charge"])
    dispute = store.add(
        "dispute",
        amount=amount or charge["amount_captured"] - charge["amount_refunded"],
        currency=charge["currency"],
        charge=charge["id"],
        payment_intent=intent_ref,
        reason=reason,
        status="warning_needs_response" if inquiry else "needs_response",
        balance_transactions=[],
        evidence_details={"due_by": due_by or int(time.time()) + RESPOND_WITHIN_S, "has_evidence": False},
        metadata={},
    )
    charge["disputed"] = True
    if inquiry:
        store.event("charge.dispute.created", dispute)
        return dispute
    return _taken(store, dispute, fee, "charge.dispute.created")


def escalate(store, ref, *, fee=FEE):
    """Have the bank that asked take the money."""
    dispute = store.get("dispute", ref)
    dispute["status"] = "needs_response"
    return _taken(store, dispute, fee, "charge.dispute.updated")


def review(store, ref):
    dispute = store.get("dispute", ref)
    dispute["status"] = "under_review"
    dispute["evidence_details"]["has_evidence"] = True
    store.event("charge.dispute.updated", dispute)
    return dispute


def close(store, ref, *, won, returns_fee=False):
    dispute = store.get("dispute", ref)
    if dispute["status"].startswith("warning"):
        dispute["status"] = "warning_closed"
    else:
        dispute["status"] = "won" if won else "lost"
    if dispute["status"] == "won":
        fee = -sum(line["fee"] for line in dispute["balance_transactions"]) if returns_fee else 0
        line = store.book("adjustment", dispute["amount"], dispute, fee=fee, currency=dispute["currency"])
        dispute["balance_transactions"].append(line)
        store.event("charge.dispute.funds_reinstated", dispute)
    store.event("charge.dispute.closed", dispute)
    return dispute


def _taken(store, dispute, fee, event):
    line = store.book("adjustment", -dispute["amount"], dispute, fee=fee, currency=dispute["currency"])
    dispute["balance_transactions"].append(line)
    store.event(event, dispute)
    store.event("charge.dispute.funds_withdrawn", dispute)
    return dispute
