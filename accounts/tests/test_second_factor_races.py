"""Many second factors at once, on PostgreSQL."""

from functools import partial

import pytest
from django_otp.plugins.otp_static.models import StaticToken

from accounts.devices import RECOVERY_CODES, Authenticator
from accounts.enums import SecurityEventKind
from accounts.errors import InvalidCredentials
from accounts.models import Session
from accounts.services import second_factor_begin, second_factor_confirm, session_open
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.helpers import kinds
from accounts.tests.second_factors import code_of, enrol, staff_with_factor, wrong_code
from fixmate.core.tests.races import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("steady")]


def test_one_code_of_an_authenticator_used_sixteen_times_at_once_is_good_once():
    user = staff_with_factor()
    code = code_of(user.authenticator)

    outcomes = at_once(*[partial(session_open, email=user.email, password=PASSWORD, otp=code)] * 16)

    assert [isinstance(outcome, Session) for outcome in outcomes].count(True) == 1
    assert {type(outcome) for outcome in outcomes} == {Session, InvalidCredentials}
    assert Session.objects.count() == 1


def test_one_recovery_code_used_sixteen_times_at_once_is_good_once():
    user = UserFactory(admin=True, password=PASSWORD)
    code = enrol(user)[0]

    outcomes = at_once(*[partial(session_open, email=user.email, password=PASSWORD, otp=code)] * 16)

    assert [isinstance(outcome, Session) for outcome in outcomes].count(True) == 1
    assert StaticToken.objects.count() == RECOVERY_CODES - 1


def test_of_sixteen_wrong_codes_at_once_one_is_looked_at():
    user = staff_with_factor()
    wrong_one = wrong_code(user.authenticator)

    at_once(*[partial(session_open, email=user.email, password=PASSWORD, otp=wrong_one)] * 16)

    assert Authenticator.objects.get().throttling_failure_count == 1
    assert kinds(user).count(SecurityEventKind.FACTOR_REFUSED) == 16


def test_sixteen_confirmations_at_once_add_one_second_factor():
    user = UserFactory(admin=True, password=PASSWORD)
    second_factor_begin(user_id=user.pk, current_password=PASSWORD)
    code = code_of(Authenticator.objects.get())

    outcomes = at_once(*[partial(second_factor_confirm, user_id=user.pk, otp=code)] * 16)

    assert [isinstance(outcome, list) for outcome in outcomes].count(True) == 1
    assert (Authenticator.objects.count(), StaticToken.objects.count()) == (1, RECOVERY_CODES)
