"""What a job costs and why, and extra work proposed on site, over the API."""

import pytest
from django.utils import timezone

from accounts.tests.factories import UserFactory
from fixmate.core.tests.http import client_for
from jobs.models import QuoteRevision
from jobs.rules import quote_code
from jobs.selectors import price_current
from jobs.tests.factories import job_assigned, job_in_progress, quote_for
from jobs.tests.helpers import nothing_written
from jobs.tests.http import code_of, details_of, get, post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("api_rules")]
USD = "USD"
PUMP = {
    "kind": "PARTS",
    "description": "Pump",
    "quantity": "1",
    "unit_amount": {"amount": "145.50", "currency": USD},
}
HOURS = {**PUMP, "kind": "HOURS", "description": "Fitting it", "quantity": "1.5"}
BODY = {"note": "The pump is seized.", "lines": [PUMP, HOURS]}


@pytest.fixture
def job():
    return job_in_progress(created_at=timezone.now())


def _money(amount):
    return {"amount": amount, "currency": USD}


def test_a_proposal_from_the_door_to_the_price(job):
    customer, technician = job.customer, job.technician.user
    proposed = post(technician, job, "quotes", BODY)
    seen = get(customer, job, "price").json()
    code = seen["quotes"][0]["code"]
    approved = post(customer, job, "quotes/1/approve", {"code": code})
    after = get(customer, job, "price").json()

    assert (proposed.status_code, proposed.json()["number"], proposed.json()["code"]) == (201, 1, None)
    assert proposed.json()["amount"] == _money("363.75")
    assert [line["amount"]["amount"] for line in proposed.json()["lines"]] == ["145.50", "218.25"]
    assert (seen["approved"], seen["proposed"]) == (_money("100.00"), _money("463.75"))
    assert (approved.status_code, approved.json()["status"], approved.json()["price_revision"]) == (200, "APPROVED", 2)
    assert (after["approved"], after["proposed"], after["quotes"][0]["code"]) == (_money("463.75"), None, None)
    assert [line["description"] for line in after["revisions"][1]["lines"]] == [
        job.service.name,
        "Pump",
        "Fitting it",
    ]
    assert get(customer, job).json()["price"] == _money("463.75")


def test_a_price_without_a_proposal(job):
    revision = {
        "revision": 1,
        "kind": "QUOTE",
        "amount": _money("100.00"),
        "lines": [
            {
                "kind": "LABOUR",
                "description": job.service.name,
                "quantity": "1.0000",
                "unit_amount": _money("100.00"),
                "amount": _money("100.00"),
            }
        ],
        "platform_fee": None,
        "technician_earnings": None,
        "fee_rate": None,
        "fee_source": None,
    }

    page = get(job.customer, job, "price").json()

    del page["revisions"][0]["created_at"]
    assert page == {"approved": _money("100.00"), "proposed": None, "revisions": [revision], "quotes": []}


@pytest.mark.parametrize("actor", ["technician", "staff"])
def test_the_split_is_for_the_technician_and_staff(job, actor):
    user = job.technician.user if actor == "technician" else UserFactory(admin=True)

    (revision,) = get(user, job, "price").json()["revisions"]

    assert (revision["platform_fee"], revision["technician_earnings"]) == (_money("15.00"), _money("85.00"))
    assert (revision["fee_rate"], revision["fee_source"]) == ("0.1500", "standard")


def test_the_code_is_the_customers_alone(job):
    quote = quote_for(job)

    shown = [
        get(user, job, "price").json()["quotes"][0]["code"]
        for user in (job.customer, job.technician.user, UserFactory(admin=True))
    ]

    assert shown == [quote_code(quote), None, None]


@pytest.mark.parametrize("proposals", [1, 3])
def test_reading_the_price_takes_as_many_queries_whatever_was_proposed(job, proposals, django_assert_num_queries):
    for number in range(1, proposals + 1):
        quote_for(job, number=number, status="WITHDRAWN", closed_at=job.created_at)
    client = client_for(job.customer)

    with django_assert_num_queries(7):
        assert client.get(f"/api/v1/jobs/{job.pk}/price").status_code == 200


def test_a_wrong_code_counts_over_http(job):
    quote = quote_for(job)
    wrong = f"{(int(quote_code(quote)) + 1) % 1_000_000:06d}"

    refused = post(job.customer, job, "quotes/1/approve", {"code": wrong})

    assert code_of(refused) == (409, "QUOTE_CODE_WRONG")
    assert refused.json()["error"]["details"] == {"tries_left": 4}
    assert QuoteRevision.objects.get().code_failures == 1


def test_a_proposal_is_declined_or_withdrawn(job):
    quote_for(job)
    declined = post(job.customer, job, "quotes/1/decline", {"reason": "TOO_EXPENSIVE", "note": "Not now."})
    quote_for(job)
    withdrawn = post(job.technician.user, job, "quotes/2/withdraw")

    assert (declined.json()["status"], declined.json()["decline_note"]) == ("DECLINED", "Not now.")
    assert withdrawn.json()["status"] == "WITHDRAWN"
    assert price_current(job.pk).revision == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**BODY, "lines": []}, "lines"),
        ({**BODY, "lines": [PUMP] * 31}, "lines"),
        ({**BODY, "lines": [{**PUMP, "kind": "ADJUSTMENT"}]}, "lines"),
        ({**BODY, "lines": [{**PUMP, "kind": "CANCELLATION_FEE"}]}, "lines"),
        ({**BODY, "lines": [{**PUMP, "quantity": "0.000"}]}, "lines"),
        ({**BODY, "lines": [{**PUMP, "quantity": "-1"}]}, "lines"),
        ({**BODY, "lines": [{**PUMP, "quantity": "1.0001"}]}, "lines"),
        ({**BODY, "lines": [{**PUMP, "quantity": "10000"}]}, "lines"),
        ({**BODY, "lines": [{**PUMP, "quantity": 1}]}, "lines"),
        ({**BODY, "lines": [{**PUMP, "unit_amount": {"amount": "-1.00", "currency": USD}}]}, "lines"),
        ({**BODY, "lines": [{**PUMP, "unit_amount": {"amount": "0.00", "currency": USD}}]}, "lines"),
        ({**BODY, "lines": [{**PUMP, "unit_amount": {"amount": "1.00", "currency": "EUR"}}]}, "lines"),
        ({**BODY, "note": " "}, "note"),
        ({"lines": [PUMP]}, "note"),
        ({**BODY, "amount": _money("1.00")}, "amount"),
    ],
)
def test_propose_refuses_a_bad_body(job, body, field):
    with nothing_written():
        answer = post(job.technician.user, job, "quotes", body)

    assert details_of(answer) == {field}


@pytest.mark.parametrize(
    ("act", "body", "field"),
    [
        ("approve", {}, "code"),
        ("approve", {"code": "12345"}, "code"),
        ("approve", {"code": 123456}, "code"),
        ("decline", {}, "reason"),
        ("decline", {"reason": "BORED"}, "reason"),
        ("decline", {"reason": "OTHER", "note": "x" * 1_001}, "note"),
    ],
)
def test_an_answer_refuses_a_bad_body(job, act, body, field):
    quote_for(job)

    with nothing_written():
        answer = post(job.customer, job, f"quotes/1/{act}", body)

    assert details_of(answer) == {field}


@pytest.mark.parametrize("number", ["2", "0", "99999", "9" * 18, "9" * 19, "one"])
def test_a_number_that_nothing_has_is_not_found(job, number):
    quote_for(job)

    answer = post(job.customer, job, f"quotes/{number}/approve", {"code": "123456"})

    assert code_of(answer) == (404, "NOT_FOUND")


@pytest.mark.parametrize("act", ["quotes", "quotes/1/withdraw"])
def test_staff_and_customers_propose_nothing(job, act):
    quote_for(job)

    for user in (UserFactory(admin=True), job.customer):
        assert code_of(post(user, job, act, BODY)) == (403, "PERMISSION_DENIED")


def test_a_proposal_before_the_work_begins_is_too_early():
    job = job_assigned()

    assert code_of(post(job.technician.user, job, "quotes", BODY)) == (409, "ILLEGAL_TRANSITION")


def test_a_second_proposal_waits_for_the_first(job):
    post(job.technician.user, job, "quotes", BODY)

    refused = post(job.technician.user, job, "quotes", BODY)

    assert code_of(refused) == (409, "QUOTE_OPEN")
    assert refused.json()["error"]["details"] == {"number": 1}


def test_an_approval_sent_again_with_its_key_happens_once(job):
    quote = quote_for(job)
    client, path = client_for(job.customer), f"/api/v1/jobs/{job.pk}/quotes/1/approve"

    answers = [
        client.post(path, {"code": quote_code(quote)}, headers={"Idempotency-Key": "approve-1"}) for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert price_current(job.pk).revision == 2
