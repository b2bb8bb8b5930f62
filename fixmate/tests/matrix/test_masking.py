"""Contact details and the exact address: to the technician from ASSIGNED until 30 days after the close, not else.

The technician's number: to the customer from ASSIGNED until 14 days after the close.
"""

import pytest

from fixmate.tests.matrix.golden import as_written, written
from fixmate.tests.matrix.masking import ALWAYS, as_text, seen_everywhere
from fixmate.tests.matrix.scenes import ROLES, STATES

pytestmark = pytest.mark.django_db
FILE = "masking.txt"
AFTERWARDS = {"COMPLETED+31d", "CANCELLED+31d"}
WITH_PHONE = {"ASSIGNED", "IN_PROGRESS", "COMPLETED", "COMPLETED+14d", "CANCELLED"}
WITH_CONTACT = WITH_PHONE | {"COMPLETED+15d", "COMPLETED+30d"}
CONTACT = {
    "customer.email@customer.email",
    "customer.phone@customer.phone",
    "customer.surname@customer.last_name",
    "job.street@address",
    "job.latitude@latitude",
    "job.longitude@longitude",
}


def test_answers_hold_the_keys_and_values_that_the_table_says(quiet):
    lines = as_text(seen_everywhere())

    assert lines == as_written(FILE, lines)


# The table itself, held against the rule: it is written by the code, and would not notice


def _rows():
    lines = written(FILE)
    for line in lines[lines.index("") + 1 :]:
        resource, role, states, answer, *shown = (part.strip() for part in line.split("|"))
        for state in STATES if states == ALWAYS else states.split():
            yield resource, role, state, answer, {one for part in shown for one in part.split()}


@pytest.mark.parametrize("role", ["released", "offered", "stranger"])
def test_technicians_without_the_job_are_shown_nothing_of_anybody_else(role):
    shown = {one for _, of, _, _, values in _rows() if of == role for one in values}

    assert {one for one in shown if not one.startswith(f"{role}.")} == set()


def test_the_assigned_technician_is_shown_contact_and_place_on_the_job_alone_and_for_a_time():
    shown = {
        (resource, state): {one for one in values if not one.startswith("assigned.")}
        for resource, role, state, _, values in _rows()
        if role == "assigned"
    }

    assert {state for resource, state in shown if resource == "job"} == WITH_CONTACT | AFTERWARDS
    for (resource, state), values in shown.items():
        expected = CONTACT if state in WITH_CONTACT and resource in ("job", "jobs") else set()
        assert {one.replace("results[].", "") for one in values} == expected


def test_the_customer_is_shown_of_technicians_the_phone_number_of_the_one_who_comes_for_a_time():
    own = ("customer.", "job.")
    shown = {
        (resource, state, one)
        for resource, role, state, _, values in _rows()
        if role == "customer"
        for one in values
        if not one.startswith(own)
    }

    assert {(state, one.replace("results[].", "")) for _, state, one in shown} == {
        (state, "assigned.phone@technician.phone") for state in WITH_PHONE
    }


def test_the_start_code_is_the_customers():
    shown = {(role, state) for _, role, state, _, values in _rows() for one in values if "start_code" in one}

    assert shown == {("customer", "ASSIGNED")}


def test_the_code_that_approves_extra_work_is_the_customers():
    shown = {(role, state, one) for _, role, state, _, values in _rows() for one in values if "quote_code" in one}

    assert shown == {("customer", "IN_PROGRESS", "job.quote_code@quotes[].code")}


def test_every_role_and_state_is_in_the_table():
    assert {role for _, role, _, _, _ in _rows()} == set(ROLES)
    assert {state for _, _, state, _, _ in _rows()} == set(STATES)
