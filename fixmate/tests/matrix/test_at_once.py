"""What staff take away is gone with the next request, whatever token was given out before."""

import pytest

from accounts.services import staff_dismiss_dispatcher
from fixmate.tests.matrix.asking import ask_and_keep
from fixmate.tests.matrix.bodies import body_of
from fixmate.tests.matrix.table import TABLE
from matching.enums import OfferStatus
from matching.models import Offer

pytestmark = pytest.mark.django_db
WHY = {"reason": "Threatened a customer."}


def does(world, actor, name, body=None, **things):
    """Do what the row of the table says, and keep what comes of it; return the answer as text."""
    verb, _, path = name.partition(" ")
    row = next(row for row in TABLE if (row.verb, row.path) == (verb, f"/api/v1{path}"))
    address = row.path.format(**{**world.ids, **things})
    return str(ask_and_keep(world, actor, row, body or body_of(row, world), path=address))


@pytest.fixture
def offer(world):
    return Offer.objects.get(pk=world.ids["offer"])


def status_of(offer):
    return Offer.objects.get(pk=offer.pk).status


def test_suspended_account_is_refused_at_once_and_its_open_offer_taken_back(world, offer, drain):
    before = does(world, "assigned", "GET /offers/{offer}")
    suspended = does(world, "admin", "POST /admin/users/{customer}/suspend", WHY, customer=world.people["assigned"].pk)
    after = [
        does(world, "assigned", "GET /offers/{offer}"),
        does(world, "assigned", "POST /offers/{offer}/accept"),
        does(world, "assigned", "GET /auth/me"),
        does(world, "assigned", "POST /auth/refresh", {"refresh_token": world.tokens["assigned"].refresh_token}),
    ]
    drain()

    assert (before, suspended) == ("200", "200")
    assert after == ["403 ACCOUNT_SUSPENDED"] * 4
    assert status_of(offer) == OfferStatus.WITHDRAWN


def test_suspended_profile_works_no_more_and_its_open_offer_is_taken_back(world, offer, drain):
    suspended = does(world, "admin", "POST /admin/technicians/{technician}/suspend", WHY)
    after = [
        does(world, "assigned", "POST /offers/{offer}/accept"),
        does(world, "assigned", "POST /technicians/me/online"),
    ]
    drain()

    assert suspended == "200"
    assert after == ["409 TECHNICIAN_NOT_VERIFIED"] * 2
    assert status_of(offer) == OfferStatus.WITHDRAWN


def test_dismissed_dispatcher_gives_no_job_any_more(world):
    staff = world.people["admin"]
    staff_dismiss_dispatcher(user_id=staff.pk, actor=world.people["support"], reason="Moved on.")

    assert does(world, "admin", "POST /admin/jobs/{job_open}/assign") == "403 PERMISSION_DENIED"
    assert does(world, "admin", "POST /admin/jobs/{job_open}/rematch") == "200"


def test_ended_session_is_refused_at_once(world):
    ended = does(world, "assigned", "POST /auth/logout", {"refresh_token": world.tokens["assigned"].refresh_token})

    assert ended == "204"
    assert does(world, "assigned", "GET /jobs/{job}") == "401 TOKEN_INVALID"


def test_job_given_back_is_gone_for_who_had_it(world):
    assert does(world, "assigned", "POST /jobs/{job}/cancel") == "200"
    assert [
        does(world, "assigned", "GET /jobs/{job}"),
        does(world, "assigned", "GET /jobs/{job}/timeline"),
        does(world, "assigned", "GET /users/{owner}/avatar"),
    ] == ["404 NOT_FOUND"] * 3
