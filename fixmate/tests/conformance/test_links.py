"""What the links of the document say, and that every one can be followed."""

import pytest

from fixmate.tests.conformance.watch import CONTRACT


def operations():
    return [operation for item in CONTRACT.document["paths"].values() for operation in item.values()]


def links_of(operation_id, status):
    operation = next(one for one in operations() if one["operationId"] == operation_id)
    return operation["responses"][status].get("links", {})


def all_links():
    return [
        link
        for operation in operations()
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]


def test_every_link_leads_to_an_operation_and_names_what_it_takes():
    taken = {one["operationId"]: {parameter["name"] for parameter in one.get("parameters", ())} for one in operations()}

    assert all_links()
    assert [link for link in all_links() if not set(link.get("parameters", ())) <= taken[link["operationId"]]] == []


@pytest.mark.parametrize(
    ("operation_id", "status", "target", "link"),
    [
        ("jobs_request", "201", "jobs_cancel", {"parameters": {"id": "$response.body#/id"}}),
        ("jobs_list", "200", "jobs_read", {"parameters": {"id": "$response.body#/results/0/id"}}),
        ("jobs_request", "201", "disputes_open", {"requestBody": {"job_id": "$response.body#/id"}}),
        ("jobs_request", "201", "reviews_list", {"parameters": {"job": "$response.body#/id"}}),
        ("offers_read", "200", "jobs_read", {"parameters": {"id": "$response.body#/job_id"}}),
        ("uploads_create", "201", "jobs_request", {"requestBody": {"photos": ["$response.body#/id"]}}),
        ("uploads_create", "201", "disputes_evidence", {"requestBody": {"evidence": ["$response.body#/id"]}}),
        ("admin_policies_add", "201", "admin_rollouts_start", {"requestBody": {"version_id": "$response.body#/id"}}),
        ("auth_login", "200", "auth_refresh", {"requestBody": {"refresh_token": "$response.body#/refresh_token"}}),
        (
            "auth_register",
            "202",
            "auth_verify_otp",
            {"requestBody": {"email": "$response.body#/email", "phone": "$response.body#/phone"}},
        ),
    ],
)
def test_names_lead_on(operation_id, status, target, link):
    assert links_of(operation_id, status)[target] == {"operationId": target, **link}


@pytest.mark.parametrize(
    ("operation_id", "status", "target"),
    [
        ("jobs_request", "201", "admin_jobs_assign"),  # no customer may
        ("jobs_request", "201", "jobs_request"),
        ("categories_list", "200", "disputes_open"),  # whose category is a word
        ("categories_list", "200", "disputes_list"),
        ("auth_register", "202", "auth_change_address"),  # of an account that one is in
    ],
)
def test_nothing_leads_where_it_cannot(operation_id, status, target):
    assert target not in links_of(operation_id, status)


def test_an_act_on_a_thing_leads_nowhere_else():
    assert links_of("jobs_cancel", "200") == {}
