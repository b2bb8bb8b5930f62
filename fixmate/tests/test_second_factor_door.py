"""Staff who showed no second factor are denied at every address, read from the resolver."""

import re
from types import SimpleNamespace

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.permissions import AllowAny

from accounts.models import Session
from accounts.tests.factories import UserFactory
from accounts.tests.helpers import error
from accounts.tests.second_factors import staff_client, staff_with_factor
from fixmate.core.api.permissions import IsVerified
from fixmate.core.tests.http import NOBODY, client_for
from fixmate.tests.test_urls import API, METHODS
from technicians.models import Technician

pytestmark = pytest.mark.django_db
REASON = {"reason": "Abuse, case 4711"}


def _operations():
    """Yield every route and method that a verified account may call, but for those that come before the factor."""
    for route in API:
        view = getattr(route.view, "cls", None)
        actions = getattr(route.view, "actions", None) or {name: "" for name in METHODS if hasattr(view, name)}
        for method, action in sorted(actions.items()):
            if method in METHODS and _is_for_verified(route, method, action):
                yield pytest.param(route, method, id=f"{method} {route}")


def _is_for_verified(route, method, action):
    view = route.view.cls(**getattr(route.view, "initkwargs", {}))
    view.action, view.request = action, SimpleNamespace(method=method.upper())
    permissions = view.get_permissions()
    is_open = any(isinstance(permission, AllowAny) for permission in permissions)
    is_closed = any(isinstance(permission, IsVerified) for permission in permissions)
    return is_closed and not is_open and not getattr(view, "is_before_second_factor", False)


OPERATIONS = list(_operations())


def test_there_is_something_to_deny():
    assert len(OPERATIONS) > 90


@pytest.mark.parametrize(("route", "method"), OPERATIONS)
def test_staff_without_a_second_factor_are_denied_everywhere(route, method, settings):
    settings.STAFF_REST_2FA = True
    path = re.sub(r"\(\?P<\w+>(\\d|\[0-9\]).*?\)(?=/|$)", "1", route.path)
    path = "/" + re.sub(r"\(\?P<\w+>.*?\)(?=/|$)|<[^>]+>", str(NOBODY), path)

    answer = getattr(client_for(UserFactory(admin=True)), method)(path, {})

    assert error(answer) == (403, "SECOND_FACTOR_REQUIRED")


def _shown_long_ago(settings):
    at = timezone.now() - 2 * settings.STEP_UP_WINDOW
    Session.objects.update(created_at=at)  # no factor was shown before
    Session.objects.update(second_factor_at=at)


@pytest.mark.parametrize(
    "act",
    [
        f"payments/{NOBODY}/refunds",
        *(f"admin/payments/{NOBODY}/{act}" for act in ("paid", "waive")),
        *(f"admin/refunds/{NOBODY}/{act}" for act in ("approve", "reject", "done", "fail")),
        *(f"admin/payouts/{NOBODY}/{act}" for act in ("send", "paid", "fail")),
    ],
)
def test_moving_money_wants_a_fresh_factor(settings, act):
    settings.STAFF_REST_2FA = True
    staff = staff_client(staff_with_factor())
    fresh = staff.post(f"/api/v1/{act}", REASON)
    _shown_long_ago(settings)

    assert error(staff.post(f"/api/v1/{act}", REASON)) == (403, "STEP_UP_REQUIRED")
    assert error(fresh)[0] in (400, 404)


@pytest.mark.parametrize("act", ["suspend", "reinstate", "tier"])
@pytest.mark.usefixtures("steady")
def test_suspending_technicians_wants_a_fresh_factor_at_both_doors(client, settings, act):
    settings.STAFF_REST_2FA = settings.STAFF_CONSOLE_2FA = True
    staff = staff_with_factor()
    technician = Technician.objects.create(user=UserFactory(technician=True))
    over_rest = staff_client(staff)
    _shown_long_ago(settings)
    client.force_login(staff)
    session = client.session
    session["second_factor_at"] = timezone.now().timestamp() - 2 * settings.STEP_UP_WINDOW.total_seconds()
    session.save()

    refused = over_rest.post(f"/api/v1/admin/technicians/{technician.pk}/{act}", REASON)
    asked = client.post(reverse("admin:technicians_technician_act", args=[technician.pk, act]), REASON)
    other = client.get(reverse("admin:technicians_technician_act", args=[technician.pk, "approve"]))

    assert error(refused) == (403, "STEP_UP_REQUIRED")
    assert asked.url.startswith(reverse("admin:show_second_factor"))
    assert other.status_code == 200
