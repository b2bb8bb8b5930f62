"""Every act of staff over REST says why and leaves one audit entry. Read from the schema: none is missed."""

import re

import pytest
from drf_spectacular.generators import SchemaGenerator

from accounts.enums import UserStatus
from accounts.tests.factories import UserFactory
from fixmate.core import triggers
from fixmate.core.models import AuditEntry, AuditHead
from fixmate.core.tests.http import client_for
from jobs.tests.factories import JobFactory, job_assigned, job_matching, job_unmatched
from matching.enums import AlertKind, RolloutMode
from matching.models import Alert, PolicyRollout
from matching.policies import POLICIES
from matching.policies.index import IndexPolicy
from matching.services.rollouts import version_ensure
from matching.tests.factories import offer_accepted
from payments.enums import PayoutStatus
from payments.tests.factories import PaymentFactory, job_cancelled_with_fee, refund_and_payout
from reviews.tests.factories import HidingFactory, ReviewFactory
from technicians.models import Technician
from technicians.tests.factories import DocumentFactory, TechnicianFactory

pytestmark = pytest.mark.django_db
STAFF = "/api/v1/admin"
REASON = "Looked into, case 4711."


def _technician(**state):
    return lambda noon: (TechnicianFactory(**state).pk, {})


def _applicant(noon):
    technician = TechnicianFactory(pending=True)
    DocumentFactory(technician=technician, approved=True)
    return technician.pk, {}


def _tier(noon):
    return TechnicianFactory().pk, {"tier": "PARTNER"}


def _user(**state):
    return lambda noon: (UserFactory(**state).pk, {})


def _document(noon):
    return DocumentFactory().pk, {}


def _job(make, *, by_hand=False):
    return lambda noon: (make().pk, {"technician_id": str(TechnicianFactory().pk)} if by_hand else {})


def _alert(noon):
    return Alert.objects.create(kind=AlertKind.SCARCITY, subject="x", opened_at=noon).pk, {}


def _refund(*, is_sent=False):
    def make(noon):
        refund, _ = refund_and_payout(TechnicianFactory())
        if is_sent:
            refund.approve(by=UserFactory(admin=True), at=noon)
            refund.send(at=noon)
            refund.save()
        _forget_acts()
        return refund.pk, {}

    return make


def _fee(noon):
    return PaymentFactory(job=job_cancelled_with_fee()).pk, {}


def _payout(status):
    def make(noon):
        _, payout = refund_and_payout(TechnicianFactory())
        if status == PayoutStatus.SENT:
            payout.send(at=noon)
            payout.save()
        _forget_acts()
        return payout.pk, {}

    return make


def _forget_acts():
    """Take what was audited on the way there off the record."""
    triggers.drop_triggers()
    AuditEntry.objects.all().delete()
    AuditHead.objects.all().delete()
    triggers.install_triggers()


def _review(noon):
    review = ReviewFactory()
    Technician.objects.update(rating_sum=review.rating, rating_count=1)
    return review.pk, {}


def _version(noon):
    return None, {"key": IndexPolicy.key, "params": {**IndexPolicy.defaults, "offer_cost": 8.0}}


def _rollout(noon):
    return None, {"version_id": version_ensure(POLICIES["nearest"]).pk, "mode": "SHADOW"}


def _running(noon):
    version = version_ensure(POLICIES["nearest"])
    return PolicyRollout.objects.create(version=version, mode=RolloutMode.SHADOW, started_at=noon).pk, {}


# What each act is tried on: makes it, and returns its id and what the body has beside the reason.
ACTS = {
    "users/{}/suspend": _user(),
    "users/{}/restrict": _user(),
    "users/{}/reinstate": _user(status=UserStatus.RESTRICTED),
    "technicians/{}/approve": _applicant,
    "technicians/{}/reject": _technician(pending=True),
    "technicians/{}/suspend": _technician(),
    "technicians/{}/reinstate": _technician(suspended=True),
    "technicians/{}/tier": _tier,
    "documents/{}/approve": _document,
    "documents/{}/reject": _document,
    "jobs/{}/cancel": _job(JobFactory),
    "jobs/{}/rematch": _job(job_unmatched),
    "jobs/{}/assign": _job(job_matching, by_hand=True),
    "jobs/{}/transfer": _job(lambda: offer_accepted().job, by_hand=True),
    "jobs/{}/exclude": _job(job_assigned, by_hand=True),
    "reviews/{}/hide": _review,
    "reviews/{}/show": lambda noon: (HidingFactory().review_id, {}),
    "alerts/{}/close": _alert,
    "refunds/{}/approve": _refund(),
    "refunds/{}/reject": _refund(),
    "refunds/{}/done": _refund(is_sent=True),
    "refunds/{}/fail": _refund(is_sent=True),
    "payments/{}/paid": _fee,
    "payments/{}/waive": _fee,
    "payouts/{}/send": _payout(PayoutStatus.ORDERED),
    "payouts/{}/paid": _payout(PayoutStatus.SENT),
    "payouts/{}/fail": _payout(PayoutStatus.ORDERED),
    "policies": _version,
    "policies/rollouts": _rollout,
    "policies/rollouts/{}/end": _running,
}


@pytest.fixture
def staff(settings):
    settings.MANUAL_ASSIGNMENT = True
    return client_for(UserFactory(admin=True, is_dispatcher=True))


def test_every_act_is_listed_here():
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    posts = {path for path, item in paths.items() if path.startswith(f"{STAFF}/") and "post" in item}

    assert {re.sub(r"{\w+}", "{}", path).removeprefix(f"{STAFF}/") for path in posts} == set(ACTS)


@pytest.mark.parametrize("reason", [None, "", "  ", "x" * 1_001])
@pytest.mark.parametrize("act", ACTS)
def test_without_a_reason_nothing_is_done(noon, staff, act, reason):
    pk, body = ACTS[act](noon)

    answer = staff.post(f"{STAFF}/{act.format(pk)}", body | ({} if reason is None else {"reason": reason}))

    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, ["reason"])
    assert AuditEntry.objects.count() == 0


@pytest.mark.parametrize("act", ACTS)
def test_with_a_reason_it_is_done_and_on_record_once(noon, staff, act):
    pk, body = ACTS[act](noon)

    answer = staff.post(f"{STAFF}/{act.format(pk)}", {**body, "reason": REASON})

    entry = AuditEntry.objects.get()
    assert answer.status_code in {200, 201}, answer.json()
    assert (entry.reason, entry.source, entry.actor_id) == (REASON, "REST", staff.handler._force_user.pk)


@pytest.mark.parametrize("act", ACTS)
def test_done_again_with_the_same_key_it_is_on_record_once(noon, staff, act):
    pk, body = ACTS[act](noon)
    path, body = f"{STAFF}/{act.format(pk)}", {**body, "reason": REASON}

    answers = [staff.post(path, body, headers={"Idempotency-Key": "key-1"}) for _ in range(2)]

    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert answers[0].json() == answers[1].json()
    assert AuditEntry.objects.count() == 1
