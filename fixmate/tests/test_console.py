"""The console as staff meet it: pages that only show, and acts that ask why."""

import pytest
from django import forms
from django.contrib import admin
from django.contrib.admin import site
from django.contrib.messages import get_messages
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.tests.factories import UserFactory
from fixmate.core import db_errors, outbox
from fixmate.core.console import ConsoleAdmin, ReadOnlyInline, ReasonForm, StaffAct, add_acts
from fixmate.core.enums import OutboxStatus
from fixmate.core.errors import Conflict
from fixmate.core.models import AuditEntry, OutboxMessage

pytestmark = pytest.mark.django_db


@pytest.fixture
def dead():
    return OutboxMessage.objects.create(task="kettle.boil", status=OutboxStatus.DEAD, attempts=12, last_error="dry")


def address(page: str, *args) -> str:
    return reverse(f"admin:core_outboxmessage_{page}", args=args)


def shown(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


# The door


@pytest.mark.parametrize("actor", [None, {}, {"technician": True}, {"admin": True, "status": "PENDING"}])
@pytest.mark.parametrize("page", ["changelist", "change", "act"])
def test_nobody_but_staff_comes_in(client, dead, actor, page):
    if actor is not None:
        client.force_login(UserFactory(**actor))
    args = {"changelist": [], "change": [dead.pk], "act": [dead.pk, "retry"]}[page]

    response = client.post(address(page, *args), {"reason": "let me in"})

    assert response.status_code == 302
    assert response.url.startswith(reverse("admin:login"))
    assert OutboxMessage.objects.get().status == OutboxStatus.DEAD
    assert AuditEntry.objects.count() == 0


def test_every_model_of_the_console_is_read_only(rf, staff):
    request = rf.get("/admin/")
    request.user = staff
    ours = [one for one in admin.site._registry.values() if isinstance(one, ConsoleAdmin)]

    assert len(ours) >= 3
    for page in ours:
        may = [
            page.has_add_permission(request),
            page.has_change_permission(request),
            page.has_delete_permission(request),
        ]
        assert may == [False, False, False]


def test_rows_below_a_page_are_read_only(rf):
    class Rows(ReadOnlyInline):
        model = OutboxMessage

    rows = Rows(AuditEntry, admin.site)

    assert (rows.has_add_permission(rf.get("/")), rows.has_change_permission(rf.get("/"))) == (False, False)
    assert (rows.can_delete, rows.extra) == (False, 0)


# Pages


@pytest.mark.parametrize("model", ["outboxmessage", "auditentry", "upload"])
def test_lists_open(console, dead, model):
    assert console.get(reverse(f"admin:core_{model}_changelist")).status_code == 200


@pytest.mark.parametrize("item_count", [1, 3])
def test_a_list_has_a_constant_number_of_queries(console, django_assert_num_queries, item_count):
    for _ in range(item_count):
        OutboxMessage.objects.create(task="kettle.boil")

    with django_assert_num_queries(5):
        console.get(address("changelist"))


def test_a_page_shows_the_row_and_its_acts_and_no_way_to_save(console, dead):
    html = console.get(address("change", dead.pk)).content.decode()

    assert "dry" in html
    assert address("act", dead.pk, "retry") in html
    assert 'name="_save"' not in html


def test_saving_a_page_is_refused(console, dead):
    assert console.post(address("change", dead.pk), {"status": "DONE"}).status_code == 403
    assert OutboxMessage.objects.get().status == OutboxStatus.DEAD


# Acts


def test_an_act_asks_for_the_reason_first(console, dead):
    response = console.get(address("act", dead.pk, "retry"))

    html = response.content.decode()
    assert response.status_code == 200
    assert 'name="reason"' in html
    assert "Try again" in html
    assert OutboxMessage.objects.get().status == OutboxStatus.DEAD


@pytest.mark.parametrize("reason", ["", "   ", "x" * 1001, "nul\0"])
def test_an_act_without_a_proper_reason_is_not_performed(console, dead, reason):
    response = console.post(address("act", dead.pk, "retry"), {"reason": reason})

    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    assert OutboxMessage.objects.get().status == OutboxStatus.DEAD
    assert AuditEntry.objects.count() == 0


def test_an_act_is_performed_and_audited_with_who_why_and_where_from(console, dead, staff):
    response = console.post(address("act", dead.pk, "retry"), {"reason": "there is water"})

    entry = AuditEntry.objects.get()
    assert response.status_code == 302
    assert response.url == address("change", dead.pk)
    assert shown(response) == ["Try again: done."]
    assert OutboxMessage.objects.get().status == OutboxStatus.READY
    assert (entry.actor_id, entry.actor_label, entry.reason) == (staff.pk, str(staff), "there is water")
    assert (entry.source, entry.ip_address) == ("CONSOLE", "127.0.0.1")
    assert entry.request_id == response["X-Request-ID"]


def test_a_refusal_is_shown_and_nothing_is_written(console, dead):
    OutboxMessage.objects.update(status=OutboxStatus.READY)

    response = console.post(address("act", dead.pk, "retry"), {"reason": "again"})

    assert shown(response) == ["Try again: Only a dead message can be tried again. (OUTBOX_NOT_DEAD)"]
    assert AuditEntry.objects.count() == 0


class KettleTaken(Conflict):
    code, message = "KETTLE_TAKEN", "Somebody else has the kettle."


@pytest.fixture
def clash(monkeypatch):
    """Have the act of the page end in a constraint of the database."""
    monkeypatch.setattr(db_errors, "_rules", [])

    @transaction.atomic
    def call(_message, *, actor, reason):
        raise IntegrityError('violates unique constraint "kettle_once"')

    page = admin.site._registry[OutboxMessage]
    monkeypatch.setattr(page, "acts", {"retry": StaffAct("Try again", call, danger=True)})


def test_a_named_constraint_is_shown_as_a_refusal(console, dead, clash):
    db_errors.refuse(KettleTaken, "kettle_once")

    response = console.post(address("act", dead.pk, "retry"), {"reason": "again"})

    assert shown(response) == ["Try again: Somebody else has the kettle. (KETTLE_TAKEN)"]


def test_another_constraint_is_a_bug(console, dead, clash):
    with pytest.raises(IntegrityError):
        console.post(address("act", dead.pk, "retry"), {"reason": "again"})


@pytest.mark.parametrize(("number", "act"), [(999, "retry"), (None, "explode")])
def test_an_act_or_a_row_that_is_not_there_leads_back(console, dead, number, act):
    response = console.post(address("act", number or dead.pk, act), {"reason": "again"})

    assert (response.status_code, response.url) == (302, reverse("admin:index"))
    assert OutboxMessage.objects.get().status == OutboxStatus.DEAD


def test_revive_from_the_console_has_the_row_done_again(console, drain):
    with transaction.atomic():
        outbox.enqueue("core.purge_counters")
    OutboxMessage.objects.update(status=OutboxStatus.DEAD, attempts=12)
    message = OutboxMessage.objects.get()

    console.post(address("act", message.pk, "retry"), {"reason": "there is water"})
    drain()

    assert OutboxMessage.objects.get().status == OutboxStatus.DONE


def test_every_page_of_the_console_changes_rows_through_acts_alone():
    assert [model for model, page in site._registry.items() if not isinstance(page, ConsoleAdmin)] == []


# Acts of an upper app


class WaterForm(ReasonForm):
    litres = forms.IntegerField()


@pytest.fixture
def poured(monkeypatch):
    """Return what was asked of an act that another app has put on the page of outbox rows."""
    monkeypatch.setattr("fixmate.core.console._added", {})
    calls = []
    act = StaffAct("Pour", lambda obj, **given: calls.append((obj.pk, given)), form=WaterForm)
    add_acts(OutboxMessage, {"pour": act})
    return calls


def test_added_act_stands_beside_the_pages_own(console, dead, poured):
    page = console.get(address("change", dead.pk))

    assert "Pour" in page.text
    assert "Try again" in page.text


def test_added_act_is_given_what_its_form_asks(console, staff, dead, poured):
    console.post(address("act", dead.pk, "pour"), {"reason": "Thirst.", "litres": "2"})

    assert poured == [(dead.pk, {"actor": staff, "reason": "Thirst.", "litres": 2})]


@pytest.mark.parametrize("given", [{"reason": "Thirst."}, {"litres": "2"}, {"reason": "Thirst.", "litres": "x"}])
def test_added_act_waits_for_the_whole_form(console, dead, poured, given):
    page = console.post(address("act", dead.pk, "pour"), given)

    assert (page.status_code, poured) == (200, [])
