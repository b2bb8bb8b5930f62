from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import UserFactory
from catalog.enums import TechnicianTier
from catalog.tests.factories import ServiceFactory
from fixmate.core.errors import IllegalTransition, Invalid
from fixmate.core.models import AuditEntry, OutboxMessage
from technicians.enums import DocumentKind, DocumentStatus, Verification
from technicians.errors import DocumentsMissing, ProfileIncomplete, TierUnchanged
from technicians.events import TechnicianRejected, TechnicianSuspended, TechnicianVerified
from technicians.models import Dispatchable, Technician
from technicians.services import (
    technician_approve,
    technician_reinstate,
    technician_reject,
    technician_set_tier,
    technician_suspend,
)
from technicians.tests.factories import DocumentFactory, TechnicianFactory, technician_ready

pytestmark = pytest.mark.django_db


def applicant(state="pending"):
    technician = TechnicianFactory(**({} if state == "verified" else {state: True}))
    DocumentFactory(technician=technician, approved=True)
    return technician


def decide(service, technician, reason="Looked at it."):
    return service(technician_id=technician.pk, actor=UserFactory(admin=True), reason=reason)


def state_of(technician):
    return Technician.objects.values_list("verification", flat=True).get(pk=technician.pk)


def written():
    return AuditEntry.objects.count(), OutboxMessage.objects.count()


@pytest.mark.parametrize("state", ["pending", "rejected"])
def test_approve_verifies_audits_and_tells(noon, published, state):
    technician = applicant(state)
    before = technician.verification

    decide(technician_approve, technician, "Papers in order.")

    assert (state_of(technician), Technician.objects.get().verified_at) == (Verification.VERIFIED, noon)
    assert published == [TechnicianVerified(technician_id=technician.pk, user_id=technician.user_id)]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target_id) == ("technicians.technician.approve", str(technician.pk))
    assert (entry.reason, entry.before, entry.after) == (
        "Papers in order.",
        {"verification": before},
        {"verification": "VERIFIED"},
    )


def test_approve_needs_an_application():
    technician = applicant("fresh")

    with pytest.raises(ProfileIncomplete):
        decide(technician_approve, technician)

    assert (state_of(technician), written()) == (Verification.PENDING, (0, 0))


def test_approve_needs_every_required_document(settings, noon):
    settings.REQUIRED_DOCUMENTS = ["IDENTITY", "LICENCE", "INSURANCE", "CERTIFICATE"]
    technician = applicant()
    day = noon.date()
    for kind, facts in {
        DocumentKind.LICENCE: {"approved": True, "expires_on": day - timedelta(days=1)},
        DocumentKind.INSURANCE: {"approved": True, "expires_on": day},
        DocumentKind.CERTIFICATE: {"status": DocumentStatus.PENDING},
    }.items():
        DocumentFactory(technician=technician, kind=kind, **facts)
    DocumentFactory(kind=DocumentKind.LICENCE, approved=True)  # another technician's

    with pytest.raises(DocumentsMissing) as refusal:
        decide(technician_approve, technician)

    assert refusal.value.details == {"kinds": ["LICENCE", "CERTIFICATE"]}
    assert (state_of(technician), written()) == (Verification.PENDING, (0, 0))


def test_reject_tells_why(published):
    technician = applicant()

    decide(technician_reject, technician, "The picture is blurred.")

    assert state_of(technician) == Verification.REJECTED
    assert published == [
        TechnicianRejected(technician_id=technician.pk, user_id=technician.user_id, reason="The picture is blurred.")
    ]
    assert AuditEntry.objects.get().action == "technicians.technician.reject"


def test_suspend_takes_him_offline_and_out_of_the_search(published):
    technician = technician_ready(ServiceFactory())
    published.clear()

    decide(technician_suspend, technician, "Complaints.")

    after = Technician.objects.get()
    assert (after.verification, after.is_online, after.online_since, after.idle_since) == (
        Verification.SUSPENDED,
        False,
        None,
        None,
    )
    assert Dispatchable.objects.count() == 0
    assert published == [
        TechnicianSuspended(technician_id=technician.pk, user_id=technician.user_id, reason="Complaints.")
    ]
    assert AuditEntry.objects.get().action == "technicians.technician.suspend"


def test_reinstate_leaves_him_offline(published):
    technician = TechnicianFactory(suspended=True)

    decide(technician_reinstate, technician)

    assert (state_of(technician), Technician.objects.get().is_online) == (Verification.VERIFIED, False)
    assert published == [TechnicianVerified(technician_id=technician.pk, user_id=technician.user_id)]
    assert AuditEntry.objects.get().action == "technicians.technician.reinstate"


EDGES = {
    technician_approve: {"pending", "rejected"},
    technician_reject: {"pending"},
    technician_suspend: {"verified"},
    technician_reinstate: {"suspended"},
}


@pytest.mark.parametrize("service", EDGES)
@pytest.mark.parametrize("state", ["pending", "verified", "rejected", "suspended"])
def test_a_decision_out_of_turn_is_refused(service, state):
    technician = applicant(state)
    if state in EDGES[service]:
        decide(service, technician)
        return

    with pytest.raises(IllegalTransition) as refusal:
        decide(service, technician)

    assert refusal.value.details["state"] == state.upper()
    assert (state_of(technician), written()) == (state.upper(), (0, 0))


@pytest.mark.parametrize("service", EDGES)
def test_a_decision_needs_a_reason(service):
    state = sorted(EDGES[service])[0]
    technician = applicant(state)

    with pytest.raises(Invalid) as refusal:
        decide(service, technician, " ")

    assert list(refusal.value.details) == ["reason"]
    assert (state_of(technician), written()) == (state.upper(), (0, 0))


@pytest.mark.postgres
def test_a_decision_locks_before_it_writes():
    technician = applicant()

    with CaptureQueriesContext(connection) as queries:
        decide(technician_approve, technician)

    statements = [query["sql"] for query in queries if 'technicians_technician"' in query["sql"]]
    kinds = ["lock" if "FOR NO KEY UPDATE" in sql else sql.split()[0] for sql in statements]
    assert kinds.index("lock") < kinds.index("UPDATE")


# The tier


def set_tier(technician, tier):
    return technician_set_tier(
        technician_id=technician.pk, tier=tier, actor=UserFactory(admin=True), reason="A year without a complaint."
    )


def test_set_tier_is_audited(published):
    technician = TechnicianFactory()

    set_tier(technician, TechnicianTier.PARTNER)

    entry = AuditEntry.objects.get()
    assert (Technician.objects.get().tier, published) == ("PARTNER", [])
    assert (entry.action, entry.reason) == ("technicians.technician.set_tier", "A year without a complaint.")
    assert (entry.before, entry.after) == ({"tier": "STANDARD"}, {"tier": "PARTNER"})


def test_set_tier_to_what_it_is_leaves_nothing_behind():
    technician = TechnicianFactory(tier=TechnicianTier.PARTNER)

    with pytest.raises(TierUnchanged):
        set_tier(technician, TechnicianTier.PARTNER)

    assert written() == (0, 0)
