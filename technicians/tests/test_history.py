from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import pytest
from django.db import transaction

from accounts.enums import UserStatus
from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.errors import DomainError, NotFound
from fixmate.core.tests.races import at_once
from technicians import services
from technicians.availability import Absence, Availability, Slot
from technicians.enums import DocumentKind, DocumentStatus, Verification
from technicians.models import PositionTrace, Technician, TechnicianState
from technicians.past import PastDocument, past_state
from technicians.selectors import technician_list_locked
from technicians.services.history import history_note, history_note_all, history_note_each
from technicians.tests.factories import DocumentFactory, TechnicianFactory, skill_add, technician_ready
from technicians.tests.files import pdf

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def states_of(technician):
    return list(TechnicianState.objects.filter(technician=technician).order_by("id"))


def newest(technician):
    return past_state(states_of(technician)[-1].facts)


# Notes


def test_registration_writes_the_first_note(noon):
    user = UserFactory(technician=True)

    services.technician_create_profile(user)
    services.technician_create_profile(user)

    (state,) = states_of(Technician.objects.get())
    assert (state.at, state.facts["verification"], state.facts["base"]) == (noon, "PENDING", None)
    assert past_state(state.facts).base is None


def test_note_says_everything_that_matching_asks_about(noon):
    service = ServiceFactory()
    technician = TechnicianFactory(time_zone="Europe/Paris", cooldown_until=noon + MINUTE)
    skill_add(technician, service)
    DocumentFactory(technician=technician, approved=True, expires_on=date(2026, 5, 1))
    services.availability_replace(
        technician_id=technician.pk, time_zone="Europe/Paris", slots=[Slot(0, time(8), time(0))]
    )
    services.time_off_add(technician_id=technician.pk, starts_at=noon + MINUTE, ends_at=noon + 2 * MINUTE)

    state = newest(technician)

    assert (state.verification, state.account) == (Verification.VERIFIED, UserStatus.ACTIVE)
    assert (state.is_online, state.presence_since) == (False, noon)
    assert (state.base, state.travel_radius_m) == (technician.base, 20_000)
    assert (state.cooldown_until, state.paused_until) == (noon + MINUTE, None)
    assert state.services == {service.pk}
    assert state.documents == (PastDocument("IDENTITY", "APPROVED", date(2026, 5, 1)),)
    away = Absence(noon + MINUTE, noon + 2 * MINUTE)
    assert state.availability == Availability("Europe/Paris", (Slot(0, time(8), time(0)),), (away,))


def test_note_without_news_writes_nothing(noon):
    technician = TechnicianFactory()
    history_note_all(technician)

    with clock.frozen(noon + MINUTE):
        history_note(technician)
        history_note_all(technician)

    assert len(states_of(technician)) == 1


def test_note_of_the_own_row_carries_over_what_hangs_on_it(noon, django_assert_num_queries):
    service = ServiceFactory()
    technician = technician_ready(service)
    technician.paused_until = noon + MINUTE
    technician.save(update_fields=["paused_until"])

    with django_assert_num_queries(2):
        history_note(technician)

    state = newest(technician)
    assert (state.paused_until, state.services) == (noon + MINUTE, {service.pk})
    assert state.documents == (PastDocument("IDENTITY", "APPROVED", None),)


@pytest.mark.parametrize("has_note", [True, False])
def test_notes_of_many_take_the_same_queries_however_many_they_are(noon, has_note, django_assert_num_queries):
    service = ServiceFactory()
    many = [technician_ready(service) for _ in range(6)]
    if not has_note:
        TechnicianState.objects.all().delete()
    Technician.objects.update(cooldown_until=noon + MINUTE)

    for some in (many[:2], many[2:]):
        with transaction.atomic():
            locked = technician_list_locked([technician.pk for technician in some])
            with django_assert_num_queries(2 if has_note else 6):
                history_note_each(locked)

    assert [newest(one).cooldown_until for one in many] == [noon + MINUTE] * 6
    assert [newest(one).services for one in many] == [{service.pk}] * 6


def test_presence_is_dated_from_its_last_change(noon):
    technician = technician_ready(ServiceFactory())
    with clock.frozen(noon + MINUTE):
        services.technician_go_offline(technician_id=technician.pk)
    with clock.frozen(noon + 2 * MINUTE):
        services.technician_profile_update(technician_id=technician.pk, travel_radius_m=5_000)

    assert [past_state(state.facts).is_online for state in states_of(technician)] == [True, False, False]
    assert newest(technician).presence_since == noon + MINUTE


def test_time_off_that_is_over_is_left_out(noon):
    technician = TechnicianFactory()
    services.time_off_add(technician_id=technician.pk, starts_at=noon - 2 * MINUTE, ends_at=noon - MINUTE)

    assert newest(technician).availability.time_off == ()


# Whoever changes something notes it


def _staff():
    return UserFactory(admin=True)


def _go_online(technician):
    services.technician_go_online(technician_id=technician.pk)


def _suspend(technician):
    services.technician_suspend(technician_id=technician.pk, actor=_staff(), reason="A complaint.")


def _suspend_account(technician):
    technician.user.suspend()
    technician.user.save()
    services.technician_note_user_status(user_id=technician.user_id)


def _update(technician):
    services.technician_profile_update(technician_id=technician.pk, latitude=42.0, longitude=-71.0)


def _learn(technician):
    services.technician_profile_update(technician_id=technician.pk, service_ids=[ServiceFactory().pk])


def _set_hours(technician):
    services.availability_replace(technician_id=technician.pk, time_zone="UTC", slots=[Slot(0, time(8), time(12))])


def _take_time_off(technician):
    at = datetime(2026, 4, 1, tzinfo=UTC)
    services.time_off_add(technician_id=technician.pk, starts_at=at, ends_at=at + MINUTE)


def _upload(technician):
    services.document_upload(technician_id=technician.pk, kind=DocumentKind.LICENCE, file=pdf())


CHANGES = {
    _go_online: lambda state: state.is_online is True,
    _suspend: lambda state: state.verification == Verification.SUSPENDED,
    _suspend_account: lambda state: state.account == UserStatus.SUSPENDED,
    _update: lambda state: (state.base.latitude, state.base.longitude) == (42.0, -71.0),
    _learn: lambda state: len(state.services) == 1,
    _set_hours: lambda state: len(state.availability.slots) == 1,
    _take_time_off: lambda state: len(state.availability.time_off) == 1,
    _upload: lambda state: [document.status for document in state.documents] == ["PENDING"],
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_service_that_changes_him_notes_it(change, noon):
    technician = TechnicianFactory()
    history_note_all(technician)

    with clock.frozen(noon + MINUTE):
        change(technician)

    before, after = states_of(technician)
    assert (before.at, after.at) == (noon, noon + MINUTE)
    assert (CHANGES[change](past_state(before.facts)), CHANGES[change](past_state(after.facts))) == (False, True)


def test_review_and_expiry_of_a_document_are_noted(noon):
    document = DocumentFactory(expires_on=noon.date())
    technician = document.technician
    services.document_approve(document_id=document.pk, actor=_staff(), reason="Good.")
    with clock.frozen(noon + timedelta(days=1)):
        services.document_expire(document_id=document.pk)

    statuses = [past_state(state.facts).documents[0].status for state in states_of(technician)]
    assert statuses == [DocumentStatus.APPROVED, DocumentStatus.EXPIRED]


def test_removed_time_off_is_noted(noon):
    technician = TechnicianFactory()
    off = services.time_off_add(technician_id=technician.pk, starts_at=noon + MINUTE, ends_at=noon + 2 * MINUTE)
    services.time_off_remove(technician_id=technician.pk, time_off_id=off.pk)

    assert [len(past_state(state.facts).availability.time_off) for state in states_of(technician)] == [1, 0]


def test_refused_change_notes_nothing(noon):
    technician = TechnicianFactory()
    history_note_all(technician)

    with pytest.raises(NotFound):
        services.time_off_remove(technician_id=technician.pk, time_off_id=technician.pk)

    assert len(states_of(technician)) == 1


# What was missing on a day


@pytest.mark.parametrize(
    ("documents", "missing"),
    [
        ([], {"IDENTITY": None}),
        ([PastDocument("IDENTITY", "PENDING", None)], {"IDENTITY": None}),
        ([PastDocument("IDENTITY", "APPROVED", None)], {}),
        ([PastDocument("IDENTITY", "APPROVED", date(2026, 3, 2))], {}),
        ([PastDocument("IDENTITY", "APPROVED", date(2026, 3, 1))], {"IDENTITY": date(2026, 3, 1)}),
        ([PastDocument("IDENTITY", "EXPIRED", date(2026, 2, 1))], {"IDENTITY": date(2026, 2, 1)}),
        (
            [PastDocument("IDENTITY", "EXPIRED", date(2026, 2, 1)), PastDocument("IDENTITY", "APPROVED", None)],
            {},
        ),
    ],
)
def test_missing_documents_of_a_day(documents, missing, noon):
    technician = TechnicianFactory()
    history_note_all(technician)
    facts = states_of(technician)[0].facts
    rows = [[one.kind, one.status, one.expires_on and one.expires_on.isoformat()] for one in documents]

    state = past_state({**facts, "documents": rows})

    assert state.documents_missing(["IDENTITY"], noon.date()) == missing


# Keeping


@pytest.mark.parametrize("model", [TechnicianState, PositionTrace])
def test_purge_keeps_what_was_in_force_at_the_horizon(model, noon, settings):
    settings.STATE_KEEP_DAYS = 90
    technician, other = TechnicianFactory(), TechnicianFactory()
    what = {"facts": {}} if model is TechnicianState else {"latitude": 0.0, "longitude": 0.0}
    ages = {"over": 200, "over_at_once": 200, "in_force": 100, "young": 10}
    rows = {
        name: model.objects.create(technician=technician, at=noon - timedelta(days=days), **what)
        for name, days in ages.items()
    }
    alone = model.objects.create(technician=other, at=noon - timedelta(days=300), **what)

    assert services.history_purge() == 2

    assert set(model.objects.all()) == {rows["in_force"], rows["young"], alone}
    assert services.history_purge() == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_changes_at_once_leave_a_last_note_that_is_true():
    for _ in range(5):
        technician, staff = TechnicianFactory(), UserFactory(admin=True)
        waiting = [DocumentFactory(technician=technician) for _ in range(2)]
        start = clock.now()

        done = at_once(
            *(partial(_upload, technician) for _ in range(3)),
            *(partial(services.document_approve, document_id=one.pk, actor=staff, reason="Good.") for one in waiting),
            partial(_take_time_off, technician),
            partial(_go_online, technician),
            partial(_suspend, technician),
        )

        assert [one for one in done[:-3] if isinstance(one, DomainError)] == []
        before = len(states_of(technician))
        history_note_all(Technician.objects.get(pk=technician.pk))
        assert len(states_of(technician)) == before
        assert states_of(technician)[0].at >= start
