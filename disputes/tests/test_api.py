from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.enums import UserStatus
from accounts.tests.factories import UserFactory
from disputes.enums import DisputeOutcome, DisputeStatus
from disputes.models import Dispute, DisputeEvent
from disputes.services import dispute_message_add
from disputes.tests.factories import DisputeFactory, dispute_dismissed, dispute_under_review
from fixmate.core.enums import UploadPurpose
from fixmate.core.ids import uuid7
from fixmate.core.models import AuditEntry
from fixmate.core.tests.http import client_for
from jobs.tests.factories import JobFactory, job_completed
from jobs.tests.helpers import upload_of
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db

LIST = "/api/v1/disputes"
ROWS = {
    ("get", ""): (401, 403, 200, 200, 200, 200, 200),
    ("post", ""): (401, 403, 404, 404, 201, 201, 403),
    ("get", "/{id}"): (401, 403, 404, 404, 200, 200, 200),
    ("post", "/{id}/messages"): (401, 403, 404, 404, 201, 201, 201),
    ("post", "/{id}/evidence"): (401, 403, 404, 404, 201, 201, 201),
    ("post", "/{id}/withdraw"): (401, 403, 404, 404, 200, 403, 403),
    ("post", "/{id}/review"): (401, 403, 403, 403, 403, 403, 200),
    ("post", "/{id}/resolve"): (401, 403, 403, 403, 403, 403, 200),
    ("post", "/{id}/dismiss"): (401, 403, 403, 403, 403, 403, 200),
    ("get", "/{id}/case-file"): (401, 403, 403, 403, 403, 403, 200),
    ("get", "/{id}/case-file/pdf"): (401, 403, 403, 403, 403, 403, 200),
    ("post", "/{unknown}/review"): (401, 403, 403, 403, 403, 403, 404),
    ("post", "/{unknown}/withdraw"): (401, 403, 404, 404, 404, 404, 403),
}
ACTORS = ["anonymous", "unverified", "stranger", "other technician", "customer", "technician", "admin"]
TABLE = [
    (actor, method, url, status)
    for (method, url), statuses in ROWS.items()
    for actor, status in zip(ACTORS, statuses, strict=True)
]


def body_of(url, job, actor=None):
    upload = upload_of(actor, purpose=UploadPurpose.EVIDENCE) if actor and url.endswith("evidence") else None
    return {
        "": {"job_id": str(job.pk), "category": "QUALITY", "description": "It drips again."},
        "messages": {"text": "It was tight."},
        "evidence": {"evidence": [str(upload.pk if upload else uuid7())], "note": "The tap."},
        "review": {"reason": "My turn."},
        "resolve": {"outcome": "SHARED", "note": "Half each."},
        "dismiss": {"note": "Nothing to it."},
        "withdraw": {},
    }[url.rpartition("/")[2]]


@pytest.mark.parametrize(("actor", "method", "url", "status"), TABLE)
def test_dispute_permissions(actor, method, url, status):
    if (method, url) == ("post", ""):
        job, dispute = job_completed(), None
    else:
        dispute = dispute_under_review() if url.endswith("resolve") else DisputeFactory()
        job = dispute.job
    people = {
        "anonymous": None,
        "unverified": UserFactory(status=UserStatus.PENDING, verified_at=None),
        "stranger": UserFactory(),
        "other technician": TechnicianFactory().user,
        "customer": job.customer,
        "technician": job.technician.user,
        "admin": UserFactory(admin=True),
    }
    before = (Dispute.objects.values_list("status", flat=True).first(), DisputeEvent.objects.count())
    path = LIST + url.format(id=dispute and dispute.pk, unknown=uuid7())

    response = getattr(client_for(people[actor]), method)(
        path, body_of(url, job, people[actor]) if method == "post" else None
    )

    assert response.status_code == status
    after = (Dispute.objects.values_list("status", flat=True).first(), DisputeEvent.objects.count())
    assert (after == before) == (method == "get" or status >= 400)


def test_dispute_is_answered_with_its_thread(noon):
    job = job_completed(created_at=noon)
    client, technician = client_for(job.customer), client_for(job.technician.user)

    answer = client.post(LIST, body_of("", job))
    dispute = Dispute.objects.get()
    technician.post(f"{LIST}/{dispute.pk}/messages", {"text": "It was tight."})

    assert answer.status_code == 201
    assert [event["kind"] for event in answer.json()["thread"]] == ["OPENED"]
    body = client.get(f"{LIST}/{dispute.pk}").json()
    ids = list(DisputeEvent.objects.order_by("id").values_list("id", flat=True))
    at = "2026-03-02T12:00:00Z"
    customer, other = {"role": "CUSTOMER", "first_name": "Ada"}, {"role": "TECHNICIAN", "first_name": "Ada"}
    assert body == {
        "id": str(dispute.pk),
        "job_id": str(job.pk),
        "technician_id": str(job.technician_id),
        "opened_by": customer,
        "status": "OPEN",
        "category": "QUALITY",
        "description": "It drips again.",
        "outcome": None,
        "closing_note": "",
        "reviewer": None,
        "due_at": "2026-03-03T12:00:00Z",
        "created_at": at,
        "closed_at": None,
        "thread": [
            {"id": ids[0], "kind": "OPENED", "by": customer, "at": at, "text": "", "evidence": []},
            {"id": ids[1], "kind": "MESSAGE", "by": other, "at": at, "text": "It was tight.", "evidence": []},
        ],
        "deadlines": [
            {"kind": "STAFF_ANSWER", "side": None, "due_at": "2026-03-03T12:00:00Z"},
            {"kind": "DECISION", "side": None, "due_at": "2026-03-12T12:00:00Z"},
        ],
    }


def test_dispute_is_resolved_over_the_api():
    dispute = DisputeFactory()
    staff = client_for(UserFactory(admin=True))

    begun = staff.post(f"{LIST}/{dispute.pk}/review", {"reason": "My turn."})
    resolved = staff.post(f"{LIST}/{dispute.pk}/resolve", {"outcome": "FOR_CUSTOMER", "note": "The photos say so."})

    assert (begun.status_code, begun.json()["status"]) == (200, "UNDER_REVIEW")
    body = resolved.json()
    assert (resolved.status_code, body["status"], body["outcome"]) == (200, "RESOLVED", "FOR_CUSTOMER")
    assert body["closing_note"] == "The photos say so."
    assert AuditEntry.objects.count() == 2


@pytest.mark.parametrize(
    ("url", "body", "field"),
    [
        ("", {"job_id": "it", "category": "QUALITY", "description": "?"}, "job_id"),
        ("", {"job_id": str(uuid7()), "category": "WEATHER", "description": "?"}, "category"),
        ("", {"job_id": str(uuid7()), "category": "QUALITY", "description": " "}, "description"),
        ("", {"job_id": str(uuid7()), "category": "QUALITY", "description": "?", "status": "RESOLVED"}, "status"),
        ("messages", {"text": ""}, "text"),
        ("messages", {"text": "x" * 4001}, "text"),
        ("messages", {"text": "?", "awaits": "NOBODY"}, "awaits"),
        ("evidence", {"evidence": [], "note": "?"}, "evidence"),
        ("evidence", {"evidence": [str(uuid7())] * 11, "note": "?"}, "evidence"),
        ("evidence", {"evidence": ["it"], "note": "?"}, "evidence"),
        ("evidence", {"evidence": [str(uuid7())], "note": " "}, "note"),
        ("withdraw", {"reason": "?"}, "reason"),
        ("review", {}, "reason"),
        ("resolve", {"outcome": "NOBODY", "note": "?"}, "outcome"),
        ("resolve", {"outcome": "SHARED"}, "note"),
        ("dismiss", {"note": " "}, "note"),
    ],
)
def test_dispute_refuses_a_bad_body(url, body, field):
    dispute = DisputeFactory()
    is_staff_act = url in ("review", "resolve", "dismiss")
    client = client_for(UserFactory(admin=True) if is_staff_act else dispute.opened_by)

    response = client.post(f"{LIST}/{dispute.pk}/{url}" if url else LIST, body)

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == [field]
    assert Dispute.objects.get().status == DisputeStatus.OPEN
    assert list(DisputeEvent.objects.all()) == []


def test_dispute_refusals_have_their_codes():
    live, early, closed = DisputeFactory(), JobFactory(), dispute_dismissed()
    answers = [
        client_for(live.opened_by).post(LIST, body_of("", live.job)),
        client_for(early.customer).post(LIST, body_of("", early)),
        client_for(closed.opened_by).post(f"{LIST}/{closed.pk}/messages", {"text": "One more thing."}),
        client_for(closed.opened_by).post(f"{LIST}/{closed.pk}/withdraw"),
        client_for(live.opened_by).post(f"{LIST}/{live.pk}/evidence", body_of("evidence", live.job)),
        client_for(live.opened_by).post(f"{LIST}/{live.pk}/messages", {"text": "Well?", "awaits": "TECHNICIAN"}),
    ]

    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [
        (409, "DISPUTE_EXISTS"),
        (409, "DISPUTE_TOO_EARLY"),
        (409, "DISPUTE_CLOSED"),
        (409, "ILLEGAL_TRANSITION"),
        (409, "UPLOAD_NOT_USABLE"),
        (403, "PERMISSION_DENIED"),
    ]


@pytest.mark.parametrize("item_count", [1, 3])
def test_dispute_list_takes_a_constant_number_of_queries(item_count, django_assert_num_queries):
    technician = TechnicianFactory()
    for _ in range(item_count):
        DisputeFactory(job=job_completed(technician))

    with django_assert_num_queries(1):
        response = client_for(technician.user).get(LIST)

    assert len(response.json()["results"]) == item_count
    assert "thread" not in response.json()["results"][0]


@pytest.mark.parametrize("name", ["status", "category", "job", "overdue"])
def test_dispute_list_filters(name, noon):
    dispute = dispute_under_review(category="PRICE", due_at=noon - timedelta(seconds=1))
    DisputeFactory(due_at=noon)
    value = {"status": "UNDER_REVIEW", "category": "PRICE", "job": str(dispute.job_id), "overdue": "true"}[name]

    body = client_for(UserFactory(admin=True)).get(LIST, {name: value}).json()

    assert [row["id"] for row in body["results"]] == [str(dispute.pk)]


def test_dispute_list_begins_for_staff_with_what_is_overdue(noon):
    """A side reads its own, the newest first; closed ones come last for staff."""
    customer = UserFactory()
    makers, hours = [dispute_dismissed, DisputeFactory, DisputeFactory], [0, 2, -1]
    made = [
        make(job=job_completed(customer=customer), created_at=noon + timedelta(minutes=number))
        for number, make in enumerate(makers)
    ]
    for dispute, hour in zip(made[1:], hours[1:], strict=True):
        Dispute.objects.filter(pk=dispute.pk).update(due_at=noon + timedelta(hours=hour))
    closed, later, overdue = (str(dispute.pk) for dispute in made)

    def listed(user, **query):
        return [row["id"] for row in client_for(user).get(LIST, query).json()["results"]]

    staff = UserFactory(admin=True)
    assert listed(staff) == [overdue, later, closed]
    assert listed(customer) == [overdue, later, closed]
    assert listed(staff, ordering="-due_at") == [closed, later, overdue]
    assert listed(staff, overdue="true") == [overdue]
    assert listed(staff, overdue="false") == [later, closed]
    assert [row["due_at"] for row in client_for(staff).get(LIST).json()["results"]][-1] is None


def test_dispute_list_for_staff_is_paged_by_what_is_due(noon):
    for hour in (3, 1, 2):
        DisputeFactory(due_at=noon + timedelta(hours=hour))
    client = client_for(UserFactory(admin=True))

    first = client.get(LIST, {"page_size": 2}).json()
    second = client.get(first["next"]).json()

    due = [row["due_at"] for row in [*first["results"], *second["results"]]]
    assert due == [f"2026-03-02T{hour}:00:00Z" for hour in (13, 14, 15)]


@pytest.mark.parametrize("query", [{"overdue": "maybe"}, {"status": "LOST"}, {"category": "WEATHER"}, {"job": "it"}])
def test_dispute_list_refuses_unknown_values(query):
    response = client_for(UserFactory()).get(LIST, query)

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == list(query)


# The console


@pytest.fixture
def console(client):
    client.force_login(UserFactory(admin=True))
    return client


def act_url(dispute, act):
    return reverse("admin:disputes_dispute_act", args=[dispute.pk, act])


def test_console_shows_disputes_with_their_acts(console):
    dispute = DisputeFactory()

    page = console.get(reverse("admin:disputes_dispute_change", args=[dispute.pk]))

    assert page.status_code == 200
    for act in (
        "begin-review",
        "say",
        "ask-customer",
        "ask-technician",
        "resolve-for-customer",
        "resolve-for-technician",
        "resolve-shared",
        "dismiss",
    ):
        assert act_url(dispute, act) in page.content.decode()
    assert console.get(reverse("admin:disputes_dispute_changelist")).status_code == 200


@pytest.mark.parametrize("item_count", [1, 3])
def test_console_shows_the_thread_in_a_constant_number_of_queries(console, item_count, django_assert_num_queries):
    dispute = DisputeFactory()
    for _ in range(item_count):
        dispute_message_add(dispute_id=dispute.pk, actor=dispute.opened_by, text="It drips.")
    address = reverse("admin:disputes_dispute_change", args=[dispute.pk])
    console.get(address)  # content types are read once per process

    with django_assert_num_queries(9):
        page = console.get(address)

    assert page.content.decode().count("It drips.") == item_count


def test_console_begins_a_review_and_dismisses(console):
    dispute = DisputeFactory()

    console.post(act_url(dispute, "begin-review"), {"reason": "My turn."})
    assert Dispute.objects.get().status == DisputeStatus.UNDER_REVIEW
    console.post(act_url(dispute, "dismiss"), {"reason": "Nothing to it."})

    stored = Dispute.objects.get()
    assert (stored.status, stored.closing_note) == (DisputeStatus.DISMISSED, "Nothing to it.")
    assert list(AuditEntry.objects.order_by("sequence").values_list("action", "source")) == [
        ("dispute.begin_review", "CONSOLE"),
        ("dispute.dismiss", "CONSOLE"),
    ]


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        ("resolve-for-customer", DisputeOutcome.FOR_CUSTOMER),
        ("resolve-for-technician", DisputeOutcome.FOR_TECHNICIAN),
        ("resolve-shared", DisputeOutcome.SHARED),
    ],
)
def test_console_resolves_with_an_outcome(console, act, outcome):
    dispute = dispute_under_review()

    console.post(act_url(dispute, act), {"reason": "The photos say so."})

    stored = Dispute.objects.get()
    assert (stored.status, stored.outcome) == (DisputeStatus.RESOLVED, outcome)


def test_console_resolves_nothing_without_a_reason_or_a_review(console):
    dispute = DisputeFactory()

    console.post(act_url(dispute, "resolve-shared"), {"reason": ""})
    console.post(act_url(dispute, "resolve-shared"), {"reason": "Half each."})

    assert Dispute.objects.get().status == DisputeStatus.OPEN
    assert list(AuditEntry.objects.all()) == []
