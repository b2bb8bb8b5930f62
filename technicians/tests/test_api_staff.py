import pytest

from accounts.enums import Role
from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core.models import AuditEntry
from fixmate.core.tests.http import NOBODY, client_for
from technicians.models import Document, Technician
from technicians.tests.factories import DocumentFactory, TechnicianFactory, skill_add

pytestmark = pytest.mark.django_db
TECHNICIANS, DOCUMENTS = "/api/v1/admin/technicians", "/api/v1/admin/documents"
REASON = {"reason": "Looked at it."}


@pytest.fixture
def staff():
    return client_for(UserFactory(admin=True))


def ids(answer):
    return [row["id"] for row in answer.json()["results"]]


def test_from_application_to_approval(staff, noon):
    technician = TechnicianFactory(pending=True)
    document = DocumentFactory(technician=technician)

    early = staff.post(f"{TECHNICIANS}/{technician.pk}/approve", REASON)
    checked = staff.post(f"{DOCUMENTS}/{document.pk}/approve", REASON)
    approved = staff.post(f"{TECHNICIANS}/{technician.pk}/approve", REASON)

    assert (early.status_code, early.json()["error"]["code"]) == (409, "DOCUMENTS_MISSING")
    assert early.json()["error"]["details"] == {"kinds": ["IDENTITY"]}
    assert (checked.status_code, checked.json()["status"]) == (200, "APPROVED")
    assert (approved.status_code, approved.json()["verification"]) == (200, "VERIFIED")
    assert approved.json()["documents"][0] == {
        "id": str(document.pk),
        "kind": "IDENTITY",
        "status": "APPROVED",
        "content_type": "application/pdf",
        "size_bytes": 100,
        "expires_on": None,
        "created_at": "2026-03-02T12:00:00Z",
        "reviewed_at": "2026-03-02T12:00:00Z",
        "review_reason": "Looked at it.",
        "file_url": f"/api/v1/technicians/me/documents/{document.pk}/file",
    }
    assert list(AuditEntry.objects.order_by("sequence").values_list("action", "source")) == [
        ("technicians.document.approve", "REST"),
        ("technicians.technician.approve", "REST"),
    ]


@pytest.mark.parametrize(
    ("state", "act", "result"),
    [("pending", "reject", "REJECTED"), ("verified", "suspend", "SUSPENDED"), ("suspended", "reinstate", "VERIFIED")],
)
def test_the_other_decisions(staff, state, act, result):
    technician = TechnicianFactory(**({} if state == "verified" else {state: True}))

    answer = staff.post(f"{TECHNICIANS}/{technician.pk}/{act}", REASON)

    assert (answer.status_code, answer.json()["verification"]) == (200, result)


def test_a_tier_is_set_once(staff):
    path, body = f"{TECHNICIANS}/{TechnicianFactory().pk}/tier", {**REASON, "tier": "PARTNER"}

    answers = [staff.post(path, body) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[0].json()["tier"] == "PARTNER"
    assert answers[1].json()["error"]["code"] == "TIER_UNCHANGED"


def test_a_document_is_turned_down(staff):
    document = DocumentFactory()

    answer = staff.post(f"{DOCUMENTS}/{document.pk}/reject", {"reason": "Blurred."})

    assert (answer.status_code, answer.json()["status"]) == (200, "REJECTED")
    assert answer.json()["review_reason"] == "Blurred."


@pytest.mark.parametrize(
    ("body", "fields"), [({}, ["reason"]), ({"reason": " "}, ["reason"]), ({**REASON, "x": 1}, ["x"])]
)
def test_a_decision_says_why(staff, body, fields):
    technician, document = TechnicianFactory(), DocumentFactory()

    answers = [
        staff.post(f"{TECHNICIANS}/{technician.pk}/suspend", body),
        staff.post(f"{DOCUMENTS}/{document.pk}/approve", body),
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert all(list(answer.json()["error"]["details"]) == fields for answer in answers)
    assert (Technician.objects.get(pk=technician.pk).verification, Document.objects.get().status) == (
        "VERIFIED",
        "PENDING",
    )


def test_staff_read_a_technician_whole(staff):
    technician, service = TechnicianFactory(pending=True, user__phone="+16175550100"), ServiceFactory()
    skill_add(technician, service)

    body = staff.get(f"{TECHNICIANS}/{technician.pk}").json()

    assert (body["email"], body["phone"], body["user_status"]) == (technician.user.email, "+16175550100", "ACTIVE")
    assert (body["user_id"], body["jobs_assigned"], body["offers_received"]) == (str(technician.user_id), 0, 0)
    assert (body["base"], body["documents"], body["documents_missing"]) == (
        {"latitude": 42.36, "longitude": -71.06},
        [],
        ["IDENTITY"],
    )


def test_technicians_are_filtered(staff):
    pending, verified = TechnicianFactory(pending=True), TechnicianFactory()
    service = ServiceFactory()
    skill_add(verified, service)

    assert ids(staff.get(TECHNICIANS)) == [str(verified.pk), str(pending.pk)]
    assert ids(staff.get(f"{TECHNICIANS}?verification=PENDING")) == [str(pending.pk)]
    assert ids(staff.get(f"{TECHNICIANS}?service={service.pk}")) == [str(verified.pk)]
    assert ids(staff.get(f"{TECHNICIANS}?search={pending.user.email}")) == [str(pending.pk)]
    assert ids(staff.get(f"{TECHNICIANS}?is_online=true")) == []
    assert ids(staff.get(f"{TECHNICIANS}?user_status=SUSPENDED")) == []
    assert ids(staff.get(f"{TECHNICIANS}?created_before=2020-01-01T00:00:00Z")) == []
    assert staff.get(f"{TECHNICIANS}?verification=DONE").status_code == 400


def test_documents_are_filtered(staff):
    licence, identity = DocumentFactory(kind="LICENCE"), DocumentFactory(approved=True)

    assert ids(staff.get(DOCUMENTS)) == [str(identity.pk), str(licence.pk)]
    assert ids(staff.get(f"{DOCUMENTS}?status=PENDING")) == [str(licence.pk)]
    assert ids(staff.get(f"{DOCUMENTS}?kind=IDENTITY")) == [str(identity.pk)]
    assert ids(staff.get(f"{DOCUMENTS}?technician={licence.technician_id}")) == [str(licence.pk)]
    assert ids(staff.get(f"{DOCUMENTS}?search={licence.technician.user.email}")) == [str(licence.pk)]
    assert ids(staff.get(f"{DOCUMENTS}?expires_before=2030-01-01")) == []
    assert staff.get(f"{DOCUMENTS}/{licence.pk}").json()["technician_id"] == str(licence.technician_id)
    assert staff.get(f"{DOCUMENTS}?status=DONE").status_code == 400


@pytest.mark.parametrize("item_count", [1, 3])
def test_technicians_take_two_queries(staff, item_count, django_assert_num_queries):
    for technician in TechnicianFactory.create_batch(item_count):
        skill_add(technician, ServiceFactory())

    with django_assert_num_queries(2):
        answer = staff.get(TECHNICIANS)

    assert len(ids(answer)) == item_count


@pytest.mark.parametrize("item_count", [1, 3])
def test_documents_take_one_query(staff, item_count, django_assert_num_queries):
    DocumentFactory.create_batch(item_count)

    with django_assert_num_queries(1):
        answer = staff.get(DOCUMENTS)

    assert len(ids(answer)) == item_count


@pytest.mark.parametrize(
    ("actor", "status"), [(None, 401), (Role.CUSTOMER, 403), (Role.TECHNICIAN, 403), (Role.ADMIN, None)]
)
@pytest.mark.parametrize(
    ("method", "url", "for_staff"),
    [
        ("get", TECHNICIANS, 200),
        ("get", f"{TECHNICIANS}/{NOBODY}", 404),
        *(("post", f"{TECHNICIANS}/{NOBODY}/{act}", 404) for act in ("approve", "reject", "suspend", "reinstate")),
        ("get", DOCUMENTS, 200),
        ("get", f"{DOCUMENTS}/{NOBODY}", 404),
        *(("post", f"{DOCUMENTS}/{NOBODY}/{act}", 404) for act in ("approve", "reject")),
    ],
)
def test_these_pages_are_for_staff(actor, status, method, url, for_staff):
    client = client_for(UserFactory(role=actor) if actor else None)

    answer = getattr(client, method)(url, None if method == "get" else REASON)

    assert answer.status_code == (status or for_staff)
