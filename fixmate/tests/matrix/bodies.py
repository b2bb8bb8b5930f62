"""A right body for each write, and what has to have happened before it. A row that is missing sends none."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.tests.factories import PASSWORD, UserFactory
from disputes.models import Dispute
from fixmate.core.tests.pictures import picture, sent
from fixmate.tests.matrix.table import API, Row
from fixmate.tests.matrix.world import LATITUDE, LONGITUDE, STREET, World
from jobs.models import Job, QuoteRevision
from jobs.rules import quote_code, start_code
from jobs.tests.factories import quote_for
from matching.policies.index import IndexPolicy
from payments.services import payout_send, refund_approve

Body = dict[str, Any]
_WHY: Body = {"reason": "Asked for on the phone."}
_TAKEN = {"email": "customer@planted.example"}
_PRICE = {"amount": "90.00", "currency": "USD"}
_SLOTS = [{"weekday": "MONDAY", "starts_at": "08:00", "ends_at": "12:30"}]
EXTRA_MINOR = 5_000
_HERE = {"latitude": LATITUDE, "longitude": LONGITUDE}


def _picture(_world: World) -> Any:
    return sent(picture("PNG"), "photo.png", "image/png")


def _registration(_world: World) -> Body:
    names = {"first_name": "Ada", "last_name": "Lovelace"}
    return {"email": "new@planted.example", "password": PASSWORD, "role": "CUSTOMER", **names}


def _application(world: World) -> Body:
    own = {"bio": "Pipes.", "years_experience": 12, "service_ids": [str(world.ids["service"])]}
    return {**own, **_HERE, "travel_radius_km": 15, "time_zone": "America/New_York"}


def _start(world: World) -> Body:
    return {"start_code": start_code(Job.objects.get(pk=world.ids["job"])), **_HERE}


def _order(world: World) -> Body:
    return {"service_id": str(world.ids["service"]), "description": "It drips.", "address": STREET, **_HERE}


def _extra(_world: World) -> Body:
    line = {"kind": "PARTS", "description": "Pump", "quantity": "1.5", "unit_amount": _PRICE}
    return {"note": "The pump is seized.", "lines": [line]}


def _approval(world: World) -> Body:
    return {"code": quote_code(QuoteRevision(pk=world.ids["job"], amount_minor=EXTRA_MINOR, currency="USD"))}


def _to_stranger(world: World) -> Body:
    return {"technician_id": str(world.technicians["stranger"].pk), **_WHY}


def _policy(_world: World) -> Body:
    return {"key": IndexPolicy.key, "params": {**IndexPolicy.defaults, "offer_cost": 9.0}, **_WHY}


def _rollout(world: World) -> Body:
    service_id = str(world.ids["service"])
    return {"version_id": world.ids["version"], "service_id": service_id, "mode": "SHARE", "percent": 10, **_WHY}


def _quarrel(world: World) -> Body:
    return {"job_id": str(world.ids["job_done"]), "category": "QUALITY", "description": "It drips again."}


def _review(world: World) -> Body:
    stars = {"rating": 5, "punctual": 5, "quality": 4, "price": 3, "conduct": 5}
    return {**stars, "comment": "Tidy.", "photos": [str(world.ids["upload_of_review"])]}


def _just(**body: Any) -> Callable[[World], Body]:
    return lambda _world: dict(body)


_reason, _nothing = _just(**_WHY), _just()
_BODIES: dict[str, Callable[[World], Body]] = {
    "POST /uploads": lambda world: {"file": _picture(world), "purpose": "JOB_PHOTO"},
    # Accounts
    "POST /auth/register": _registration,
    "POST /auth/send-otp": _just(**_TAKEN),
    "POST /auth/verify-otp": _just(**_TAKEN, code="123456"),
    "POST /auth/login": _just(**_TAKEN, password=PASSWORD),
    "POST /auth/social": _just(provider="GOOGLE", id_token="not.a.token"),
    "POST /auth/refresh": lambda world: {"refresh_token": world.tokens["spare"].refresh_token},
    "POST /auth/logout": lambda world: {"refresh_token": world.tokens["spare"].refresh_token},
    "POST /auth/forgot-password": _just(**_TAKEN),
    "POST /auth/reset-password": _just(**_TAKEN, code="123456", new_password="staple of another kind"),
    "POST /auth/reauthenticate": _just(current_password=PASSWORD),
    "POST /auth/change-password": _just(current_password=PASSWORD, new_password="staple of another kind"),
    "POST /auth/change-address": _just(email="other@planted.example", current_password=PASSWORD),
    "POST /auth/confirm-address": _just(email="other@planted.example", code="123456"),
    "POST /auth/remove-phone": _just(current_password=PASSWORD),
    "POST /auth/second-factor": _just(current_password=PASSWORD),
    "POST /auth/second-factor/confirm": _just(otp="123456"),
    "POST /auth/second-factor/remove": _just(otp="123456"),
    "POST /auth/step-up": _just(otp="123456"),
    "PATCH /auth/me": _just(first_name="Grace"),
    "PUT /auth/me/avatar": lambda world: {"file": _picture(world)},
    "POST /admin/users/{customer}/suspend": _reason,
    "POST /admin/users/{customer}/restrict": _reason,
    "POST /admin/users/{suspended}/reinstate": _reason,
    # Catalogue
    "POST /categories": _just(name="Roofs", **_WHY),
    "PATCH /categories/{category}": _just(name="Roofs", **_WHY),
    "DELETE /categories/{category}": _reason,
    "POST /categories/{category_deleted}/restore": _reason,
    "POST /services": lambda world: {"category_id": str(world.ids["category"]), "name": "Tiles", "price": _PRICE},
    "PATCH /services/{service}": _just(price=_PRICE, **_WHY),
    "DELETE /services/{service}": _reason,
    "POST /services/{service_deleted}/restore": _reason,
    # Technicians
    "POST /technicians/apply": _application,
    "PATCH /technicians/me": _application,
    "POST /technicians/me/documents": lambda world: {"kind": "LICENCE", "file": _picture(world)},
    "PUT /technicians/me/availability": _just(time_zone="America/New_York", slots=_SLOTS),
    "POST /technicians/me/time-off": _just(starts_at="2100-01-01T08:00:00Z", ends_at="2100-01-02T08:00:00Z"),
    "PUT /technicians/me/location": _just(**_HERE, accuracy_m=10),
    "POST /technicians/me/online": _nothing,
    "POST /technicians/me/offline": _nothing,
    "POST /technicians/me/payout-account": _nothing,
    "POST /technicians/me/resume": _nothing,
    "POST /admin/technicians/{applicant}/approve": _reason,
    "POST /admin/technicians/{applicant}/reject": _reason,
    "POST /admin/technicians/{technician}/suspend": _reason,
    "POST /admin/technicians/{benched}/reinstate": _reason,
    "POST /admin/technicians/{technician}/tier": _just(tier="PARTNER", **_WHY),
    "POST /admin/documents/{document}/approve": _reason,
    "POST /admin/documents/{document}/reject": _reason,
    # Jobs
    "POST /jobs": _order,
    "POST /jobs/{job}/start": _start,
    "POST /jobs/{job}/complete": _just(work_summary="New washer.", final_amount=_PRICE),
    "POST /jobs/{job}/cancel": _just(reason="OTHER", note="Asked for on the phone."),
    "POST /jobs/{job}/no-show": _just(note="Rang three times.", **_HERE),
    "POST /jobs/{job_unmatched}/rematch": _reason,
    "POST /jobs/{job}/renew-start-code": _nothing,
    "POST /jobs/{job}/quotes": _extra,
    "POST /jobs/{job}/quotes/{quote}/approve": _approval,
    "POST /jobs/{job}/quotes/{quote}/decline": _just(reason="TOO_EXPENSIVE", note="Not this month."),
    "POST /jobs/{job}/quotes/{quote}/withdraw": _nothing,
    "POST /jobs/{job}/timeline": _just(note="Ring twice."),
    "POST /jobs/{job_done}/review": _review,
    "POST /reviews/{review}/reply": _just(text="Thank you."),
    "POST /admin/reviews/{review}/hide": _reason,
    "POST /admin/reviews/{review_hidden}/show": _reason,
    "POST /blocks": lambda world: {"job_id": str(world.ids["job_done"])},
    "POST /offers/{offer}/seen": _nothing,
    "POST /offers/{offer}/accept": _nothing,
    "POST /offers/{offer}/reject": _just(reason="TOO_FAR", note="On the other side of town."),
    # Staff
    "POST /admin/jobs/{job}/cancel": _reason,
    "POST /admin/jobs/{job_open}/rematch": _reason,
    "POST /admin/jobs/{job_open}/exclude": _to_stranger,
    "POST /admin/jobs/{job_open}/assign": _to_stranger,
    "POST /admin/jobs/{job}/transfer": _to_stranger,
    "POST /admin/alerts/{alert}/close": _reason,
    "PATCH /admin/services/{service}/matching-rules": _just(search_radius_m=5000, **_WHY),
    "POST /admin/policies": _policy,
    "POST /admin/policies/rollouts": _rollout,
    "POST /admin/policies/rollouts/{rollout}/end": _reason,
    # Disputes and news
    "POST /payments/{payment}/authorize": _just(payment_method="pm_card_visa"),
    "POST /payments/{payment_taken}/refunds": _just(amount={"amount": "10.00", "currency": "USD"}, **_WHY),
    "POST /admin/payments/{payment_owed}/paid": _reason,
    "POST /admin/payments/{payment_owed}/waive": _reason,
    "POST /admin/refunds/{refund}/approve": _reason,
    "POST /admin/refunds/{refund}/reject": _reason,
    "POST /admin/refunds/{refund}/done": _reason,
    "POST /admin/refunds/{refund}/fail": _reason,
    "POST /admin/payouts/{payout}/send": _reason,
    "POST /admin/payouts/{payout}/paid": _reason,
    "POST /admin/payouts/{payout}/fail": _reason,
    "POST /disputes": _quarrel,
    "POST /disputes/{dispute}/messages": _just(text="It still drips."),
    "POST /disputes/{dispute}/evidence": lambda world: {"evidence": [str(world.ids["proof"])], "note": "The tap."},
    "POST /disputes/{dispute}/withdraw": _nothing,
    "POST /disputes/{dispute}/review": _reason,
    "POST /disputes/{dispute}/resolve": _just(outcome="SHARED", note="Half each."),
    "POST /disputes/{dispute}/dismiss": _just(note="Nothing to it."),
    "POST /notifications/{notification}/read": _nothing,
    "POST /notifications/read-all": _nothing,
}
FORMS = {
    f"{verb} {API}{path}"
    for verb, path in (
        ("POST", "/uploads"),
        ("PUT", "/auth/me/avatar"),
        ("POST", "/technicians/me/documents"),
    )
}


def _key(row: Row) -> str:
    return f"{row.verb} {row.path.removeprefix(API)}"


def takes_body(row: Row) -> bool:
    return _key(row) in _BODIES


def body_of(row: Row, world: World) -> Body | None:
    return _BODIES[_key(row)](world) if takes_body(row) else None


def format_of(row: Row) -> str:
    return "multipart" if str(row) in FORMS else "json"


def rows_without_a_route(rows: list[Row]) -> list[str]:
    """Return what bodies are here for nothing."""
    return sorted(set(_BODIES) - {_key(row) for row in rows})


# What has to have happened before


def _begun(world: World) -> None:
    job = Job.objects.get(pk=world.ids["job"])
    job.start(at=timezone.now())
    job.save(update_fields=["status", "started_at"])


def _waited(world: World) -> None:
    job = Job.objects.get(pk=world.ids["job"])
    waited_from = timezone.now() - timedelta(minutes=settings.NO_SHOW_WAIT_MINUTES)
    job.assigned_at = job.booked_from = job.waiting_from = waited_from
    job.save(update_fields=["assigned_at", "booked_from", "waiting_from"])


def _proposed(world: World) -> None:
    _begun(world)
    job = Job.objects.get(pk=world.ids["job"])
    quote_for(job, EXTRA_MINOR, pk=job.pk, number=world.ids["quote"], expires_at=timezone.now() + timedelta(hours=1))


def _taken_up(world: World) -> None:
    dispute = Dispute.objects.get(pk=world.ids["dispute"])
    dispute.begin_review(by=world.people["admin"])
    dispute.save(update_fields=["status", "reviewer"])


def _approved(world: World) -> None:
    refund_approve(refund_id=world.ids["refund"], actor=UserFactory(admin=True), reason="So it is.")


def _sent(world: World) -> None:
    payout_send(payout_id=world.ids["payout"], actor=world.people["admin"], reason="By the bank.")


_BEFORE: dict[str, Callable[[World], None]] = {
    "POST /jobs/{job}/complete": _begun,
    "POST /jobs/{job}/no-show": _waited,
    "POST /jobs/{job}/quotes": _begun,
    "POST /jobs/{job}/quotes/{quote}/approve": _proposed,
    "POST /jobs/{job}/quotes/{quote}/decline": _proposed,
    "POST /jobs/{job}/quotes/{quote}/withdraw": _proposed,
    "POST /disputes/{dispute}/resolve": _taken_up,
    "POST /admin/refunds/{refund}/done": _approved,
    "POST /admin/refunds/{refund}/fail": _approved,
    "POST /admin/payouts/{payout}/paid": _sent,
}


def prepare(row: Row, world: World) -> None:
    if _key(row) in _BEFORE:
        _BEFORE[_key(row)](world)
