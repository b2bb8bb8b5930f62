"""Numbers per service: the settings' defaults, what staff set instead, and that it is used."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.errors import Invalid, NotFound
from fixmate.core.models import AuditEntry
from fixmate.core.tests.http import client_for
from jobs.tests.factories import JobFactory
from matching.enums import PassOutcome
from matching.models import Offer, ServiceRules, ServiceRulesState
from matching.rules import FIELDS, rules_default, rules_for, rules_then, values_of
from matching.services import matching_run_pass, service_rules_set
from matching.tests.helpers import KM
from technicians.tests.factories import technician_ready

pytestmark = pytest.mark.django_db


def test_rules_are_the_settings_where_staff_set_nothing(service, settings, django_assert_num_queries):
    settings.OFFER_TIMEOUT_S = 45

    with django_assert_num_queries(1):
        rules = rules_for(service.pk)

    assert rules == rules_default()
    assert (rules.offer_timeout_s, rules.search_radius_m, rules.learns_timeout) == (45, 6000, False)


def test_every_column_is_a_rule_and_the_other_way_round():
    columns = {field.name for field in ServiceRules._meta.get_fields()} - {"id", "service"}

    assert columns == set(FIELDS)


def test_what_staff_set_holds_for_that_service_alone(service):
    ServiceRules.objects.create(service=service, offer_timeout_s=20, starvation_one_in=0, learns_timeout=True)

    rules = rules_for(service.pk)

    assert (rules.offer_timeout_s, rules.starvation_one_in, rules.learns_timeout) == (20, 0, True)
    assert rules.max_offers_per_job == 12
    assert rules_for(ServiceFactory().pk) == rules_default()


# They are used


def test_pass_goes_by_the_rules_of_the_service(service, noon):
    ServiceRules.objects.create(service=service, offer_timeout_s=20, search_radius_m=2000, search_radius_max_m=2000)
    job = JobFactory(created_at=noon, service=service)
    technician_ready(service, latitude=42.36 + 3 * KM)

    too_far = matching_run_pass(job_id=job.pk)
    technician_ready(service, latitude=42.36 + 1 * KM)
    found = matching_run_pass(job_id=job.pk)

    assert [(each.radius_m, each.looked_at) for each in (too_far, found)] == [(2000, 0), (2000, 1)]
    assert Offer.objects.get().expires_at == noon + timedelta(seconds=20)


def test_radius_that_never_grows_ends_the_look(service, noon):
    ServiceRules.objects.create(service=service, search_radius_step_m=0)

    this_pass = matching_run_pass(job_id=JobFactory(created_at=noon, service=service).pk)

    assert (this_pass.radius_m, this_pass.outcome) == (6000, PassOutcome.NOBODY)


def test_budget_and_offers_of_the_service_end_the_search(service, noon):
    ServiceRules.objects.create(service=service, search_budget_s=60)
    job = JobFactory(created_at=noon, service=service)
    matching_run_pass(job_id=job.pk)

    with clock.frozen(noon + timedelta(seconds=60)):
        assert matching_run_pass(job_id=job.pk).outcome == PassOutcome.EXHAUSTED


# Setting them


def test_setting_changes_what_is_named_and_is_audited(service, staff):
    service_rules_set(service_id=service.pk, values={"offer_timeout_s": 20}, actor=staff, reason="Slow trade")
    service_rules_set(service_id=service.pk, values={"search_budget_s": 900}, actor=staff, reason="Few")

    row = ServiceRules.objects.get()
    entry = AuditEntry.objects.order_by("sequence").last()
    assert (row.service, row.offer_timeout_s, row.search_budget_s, row.search_radius_m) == (service, 20, 900, None)
    assert (entry.action, entry.reason, entry.actor_label) == ("matching.service_rules.set", "Few", str(staff))
    assert (entry.before["search_budget_s"], entry.after["search_budget_s"]) == (None, 900)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"offer_timeout_s": 0}, "offer_timeout_s"),
        ({"search_radius_step_s": 0}, "search_radius_step_s"),
        ({"search_radius_m": 18_001}, "search_radius_m"),
        ({"search_radius_max_m": 5_999}, "search_radius_m"),
        ({"search_radius_max_m": 50_001}, "search_radius_max_m"),
        ({"wages": 1}, "wages"),
    ],
)
def test_setting_refuses_what_cannot_work(service, staff, values, field):
    with pytest.raises(Invalid) as refusal:
        service_rules_set(service_id=service.pk, values=values, actor=staff, reason="Try")

    assert set(refusal.value.details) == {field}
    assert (ServiceRules.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_setting_takes_what_is_at_the_limit(service, staff):
    values = {"search_radius_m": 50_000, "search_radius_max_m": 50_000, "cooldown_reject_s": 0, "learns_timeout": False}

    service_rules_set(service_id=service.pk, values=values, actor=staff, reason="Country")

    assert rules_for(service.pk).search_radius_m == 50_000


def test_setting_needs_a_reason_and_a_service(service, staff):
    with pytest.raises(Invalid):
        service_rules_set(service_id=service.pk, values={"offer_timeout_s": 20}, actor=staff, reason=" ")
    with pytest.raises(NotFound):
        service_rules_set(service_id=staff.pk, values={"offer_timeout_s": 20}, actor=staff, reason="Try")

    assert (ServiceRules.objects.count(), AuditEntry.objects.count()) == (0, 0)


# Their history


def test_every_change_is_kept_as_it_was_from_then_on(service, staff, noon):
    for minute, seconds in enumerate((20, 20, None)):
        with clock.frozen(noon + timedelta(minutes=minute)):
            service_rules_set(
                service_id=service.pk, values={"offer_timeout_s": seconds}, actor=staff, reason="Slow to answer"
            )

    states = ServiceRulesState.objects.order_by("pk").values_list("service_id", "at", "values")
    nothing = dict.fromkeys(FIELDS)
    assert list(states) == [
        (service.pk, noon, {**nothing, "offer_timeout_s": 20}),
        (service.pk, noon + timedelta(minutes=2), nothing),
    ]


@pytest.mark.parametrize("act", [lambda states: states.update(values={}), lambda states: states.delete()])
def test_history_is_append_only(service, staff, act):
    service_rules_set(service_id=service.pk, values={"offer_timeout_s": 20}, actor=staff, reason="Slow to answer")

    with pytest.raises(IntegrityError), transaction.atomic():
        act(ServiceRulesState.objects.all())


def test_history_begins_with_the_rules_there_were(service):
    begin = import_module("matching.migrations.0003_service_rules_states_begin").begin
    row = ServiceRules.objects.create(service=service, offer_timeout_s=20, learns_timeout=True)
    before = datetime(2020, 1, 1, tzinfo=UTC)

    begin(apps, None)
    begin(apps, None)

    state = ServiceRulesState.objects.get()
    assert (state.values, str(state)[:36]) == (values_of(row), str(row.service_id))
    assert rules_then({(service.pk, before)}) == {(service.pk, before): rules_for(service.pk)}


# Over REST


def path(service):
    return f"/api/v1/admin/services/{service.pk}/matching-rules"


def test_staff_read_and_set_the_rules(service, staff):
    client = client_for(staff)

    changed = client.patch(path(service), {"offer_timeout_s": 20, "reason": "Slow"}).json()
    given_back = client.patch(path(service), {"offer_timeout_s": None, "reason": "As it was"}).json()

    assert changed["service_id"] == str(service.pk)
    assert (changed["staff_set"]["offer_timeout_s"], changed["in_force"]["offer_timeout_s"]) == (20, 20)
    assert (given_back["staff_set"]["offer_timeout_s"], given_back["in_force"]["offer_timeout_s"]) == (None, 60)
    assert client.get(path(service)).json() == given_back


@pytest.mark.parametrize(
    "body",
    [
        {"offer_timeout_s": 20},
        {"offer_timeout_s": -1, "reason": "x"},
        {"offer_timeout_s": 0, "reason": "x"},
        {"offer_timeout_s": 2**31, "reason": "x"},
        {"wages": 1, "reason": "x"},
    ],
)
def test_bad_rules_are_refused(service, staff, body):
    response = client_for(staff).patch(path(service), body)

    assert (response.status_code, response.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert not ServiceRules.objects.exists()


@pytest.mark.parametrize(("traits", "status"), [({}, 403), ({"technician": True}, 403), ({"admin": True}, 200)])
def test_rules_are_for_staff(service, traits, status):
    assert client_for(UserFactory(**traits)).get(path(service)).status_code == status


def test_rules_of_no_service_are_not_found(service, staff):
    assert client_for(staff).get(f"/api/v1/admin/services/{staff.pk}/matching-rules").status_code == 404


# In the console


def act(name, row, act):
    return reverse(f"admin:{name}_act", args=[row.pk, act])


def test_console_sets_rules_on_the_page_of_the_service_and_changes_them_on_theirs(console, service):
    console.post(act("catalog_service", service, "rules"), {"offer_timeout_s": "20", "reason": "Slow"})
    row = ServiceRules.objects.get()
    asked = console.get(act("matching_servicerules", row, "change")).content.decode()
    console.post(act("matching_servicerules", row, "change"), {"search_budget_s": "900", "reason": "Few"})

    row.refresh_from_db()
    assert 'name="offer_timeout_s" value="20"' in asked
    assert (row.service, row.offer_timeout_s, row.search_budget_s) == (service, None, 900)
    assert list(AuditEntry.objects.order_by("sequence").values_list("reason", flat=True)) == ["Slow", "Few"]


@pytest.mark.parametrize(
    "given", [{"offer_timeout_s": "0", "reason": "x"}, {"search_radius_m": "19000", "reason": "x"}, {"reason": ""}]
)
def test_console_shows_what_is_wrong_and_saves_nothing(console, service, given):
    response = console.post(act("catalog_service", service, "rules"), given)

    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    assert (ServiceRules.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_console_lists_and_shows_rules(console, service):
    row = ServiceRules.objects.create(service=service, offer_timeout_s=20)

    listed = console.get(reverse("admin:matching_servicerules_changelist")).content.decode()
    shown = console.get(reverse("admin:matching_servicerules_change", args=[row.pk]))

    assert service.name in listed
    assert shown.status_code == 200
