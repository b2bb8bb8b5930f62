from datetime import timedelta
from uuid import UUID

import pytest

from fixmate.core.errors import NotFound
from fixmate.core.models import OutboxMessage
from fixmate.core.tests.http import client_for
from technicians.models import Technician, TechnicianState
from technicians.services import (
    Lapse,
    technician_note_answer,
    technician_rest_after_reject,
    technician_resume,
    technicians_note_lapsed,
)
from technicians.tests.factories import TechnicianFactory

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def technician(noon):
    return TechnicianFactory()


def rest_of():
    return Technician.objects.values_list("silent_in_row", "cooldown_until", "paused_until").get()


def silence(technician, at, times=1):
    for _ in range(times):
        technicians_note_lapsed([lapse(technician, was_shown=True, rest_s=60)], at=at)


def lapse(technician, *, was_shown, rest_s):
    return Lapse(technician_id=technician.pk, was_shown=was_shown, rest_s=rest_s, pause_after=3, pause_s=300)


def paused_events():
    return list(OutboxMessage.objects.filter(task="notifications.offers_paused").values_list("payload", flat=True))


def test_refusal_costs_seconds_and_breaks_the_silence(technician, noon):
    silence(technician, noon - 100 * SECOND, times=2)

    technician_rest_after_reject(technician_id=technician.pk, rest_s=30, at=noon)

    assert rest_of() == (0, noon + 30 * SECOND, None)


def test_silence_is_counted_and_costs_a_minute(technician, noon):
    silence(technician, noon, times=2)

    assert rest_of() == (2, noon + 60 * SECOND, None)
    assert paused_events() == []


def test_third_silence_in_a_row_pauses_him_and_he_is_told(technician, noon):
    silence(technician, noon, times=3)

    assert rest_of() == (0, noon + 60 * SECOND, noon + 300 * SECOND)
    assert paused_events() == [
        {
            "technician_id": str(technician.pk),
            "user_id": str(technician.user_id),
            "until": "2026-03-02T12:05:00+00:00",
        }
    ]


def test_after_a_pause_it_takes_three_more(technician, noon):
    silence(technician, noon, times=5)

    assert rest_of()[0] == 2
    assert len(paused_events()) == 1


def test_what_was_not_shown_costs_a_moment_and_does_not_count(technician, noon):
    silence(technician, noon - 100 * SECOND, times=2)

    technicians_note_lapsed([lapse(technician, was_shown=False, rest_s=20)], at=noon)

    assert rest_of() == (2, noon + 20 * SECOND, None)


def test_longer_rest_is_never_shortened(technician, noon):
    silence(technician, noon)

    technicians_note_lapsed([lapse(technician, was_shown=False, rest_s=20)], at=noon)

    assert rest_of() == (1, noon + 60 * SECOND, None)


def test_answer_breaks_the_silence_and_keeps_the_rest(technician, noon):
    silence(technician, noon, times=2)

    technician_note_answer(technician_id=technician.pk)
    technician_note_answer(technician_id=technician.pk)

    assert rest_of() == (0, noon + 60 * SECOND, None)


def test_rest_is_noted_for_explanations(technician, noon):
    silence(technician, noon, times=3)

    facts = TechnicianState.objects.order_by("id").last().facts
    assert facts["paused_until"] == "2026-03-02T12:05:00+00:00"


def test_nobody_resumes_who_is_not_there():
    with pytest.raises(NotFound):
        technician_resume(technician_id=UUID(int=0))


def test_each_of_many_rests_by_his_own_lapse(technician, noon):
    others = [TechnicianFactory() for _ in range(4)]
    Technician.objects.filter(pk=others[0].pk).update(cooldown_until=noon + 90 * SECOND)

    lapses = [lapse(technician, was_shown=True, rest_s=60), *(lapse(o, was_shown=False, rest_s=20) for o in others)]
    technicians_note_lapsed(lapses, at=noon)

    rest = dict(Technician.objects.values_list("pk", "cooldown_until"))
    assert rest[technician.pk] == noon + 60 * SECOND
    assert rest[others[0].pk] == noon + 90 * SECOND
    assert {rest[one.pk] for one in others[1:]} == {noon + 20 * SECOND}
    assert sum(Technician.objects.values_list("recent_decided", flat=True)) == 1
    assert sum(Technician.objects.values_list("offers_decided", flat=True)) == 1


# Resuming


def test_resume_ends_the_pause_at_once(technician, noon):
    silence(technician, noon, times=3)

    body = client_for(technician.user).post("/api/v1/technicians/me/resume")

    assert body.status_code == 200
    assert (body.json()["paused_until"], body.json()["cooldown_until"]) == (None, None)
    assert rest_of() == (0, None, None)


def test_resume_without_a_pause_is_answered_all_the_same(technician):
    assert client_for(technician.user).post("/api/v1/technicians/me/resume").status_code == 200


def test_resume_takes_no_body(technician, noon):
    silence(technician, noon, times=3)

    response = client_for(technician.user).post("/api/v1/technicians/me/resume", {"now": True})

    assert (response.status_code, response.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert rest_of()[2] == noon + 300 * SECOND


def test_profile_shows_until_when_he_rests(technician, noon):
    silence(technician, noon, times=3)

    body = client_for(technician.user).get("/api/v1/technicians/me").json()

    assert (body["cooldown_until"], body["paused_until"]) == ("2026-03-02T12:01:00Z", "2026-03-02T12:05:00Z")
