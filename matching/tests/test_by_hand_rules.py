"""Who may act by hand, where, why, and with whom."""

import pytest

from accounts.enums import UserStatus
from accounts.errors import AccountRestricted, AccountSuspended
from accounts.tests.factories import UserFactory
from fixmate.core.errors import Forbidden, Invalid
from fixmate.core.tests.http import NOBODY
from jobs.tests.factories import job_matching
from jobs.tests.helpers import nothing_written
from matching.errors import ManualAssignmentOff, TechnicianBlocked, TechnicianExcluded
from matching.tests.by_hand import (
    assign,
    blocked,
    exclude,
    met,
    offers_of,
    transfer,
)
from matching.tests.factories import offer_accepted
from technicians.errors import TechnicianNotVerified
from technicians.models import Technician
from technicians.tests.factories import TechnicianFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_hand_allowed")]


@pytest.mark.parametrize("reason", ["", "  "])
@pytest.mark.parametrize("act", [exclude, assign, transfer])
def test_acts_need_a_reason(dispatcher, act, reason):
    job, technician = job_matching(), TechnicianFactory()

    with nothing_written(), pytest.raises(Invalid) as refusal:
        act(job, technician, dispatcher, reason=reason)

    assert list(refusal.value.details) == ["reason"]


@pytest.mark.parametrize("act", [exclude, assign, transfer])
def test_acts_need_a_technician_there_is(dispatcher, act):
    job = job_matching()

    with nothing_written(), pytest.raises(Invalid) as refusal:
        act(job, Technician(pk=NOBODY), dispatcher)

    assert list(refusal.value.details) == ["technician_id"]


@pytest.mark.parametrize("act", [assign, transfer])
def test_by_hand_is_for_dispatchers(staff, act):
    job, technician = offer_accepted().job, TechnicianFactory()

    with nothing_written(), pytest.raises(Forbidden):
        act(job, technician, staff)


@pytest.mark.parametrize("act", [assign, transfer])
def test_by_hand_is_for_where_a_setting_allows_it(settings, dispatcher, act):
    settings.MANUAL_ASSIGNMENT = False
    job, technician = offer_accepted().job, TechnicianFactory()

    with nothing_written(), pytest.raises(ManualAssignmentOff):
        act(job, technician, dispatcher)


def _unverified(job):
    return TechnicianFactory(suspended=True)


def _shut_out(job):
    return TechnicianFactory(user__status=UserStatus.SUSPENDED)


def _restricted(job):
    return TechnicianFactory(user__status=UserStatus.RESTRICTED)


def _kept_away(job):
    technician = TechnicianFactory()
    exclude(job, technician, UserFactory(admin=True))
    return technician


def _unwanted(job):
    technician = met(job.customer)
    blocked(job.customer, technician)
    return technician


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (_unverified, TechnicianNotVerified),
        (_shut_out, AccountSuspended),
        (_restricted, AccountRestricted),
        (_kept_away, TechnicianExcluded),
        (_unwanted, TechnicianBlocked),
    ],
)
@pytest.mark.parametrize(("act", "start"), [(assign, job_matching), (transfer, lambda: offer_accepted().job)])
def test_by_hand_holds_to_who_may_have_the_job(dispatcher, act, start, make, error):
    job = start()
    technician, offers = make(job), offers_of(job)

    with nothing_written(), pytest.raises(error):
        act(job, technician, dispatcher)

    assert offers_of(job) == offers
