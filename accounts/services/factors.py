"""Trying a second factor: a code of the authenticator, or one of the recovery codes."""

from accounts.devices import Authenticator, RecoveryCodes
from accounts.enums import SecurityEventKind
from accounts.errors import InvalidCredentials, SecondFactorMissing
from accounts.models import User
from accounts.services.security import security_event_add
from fixmate.core.errors import DomainError


def factor_refusal(user: User, otp: str | None) -> DomainError | None:
    """Return why a login goes no further, or None. Like `factor_try` it uses the code up.

    A wrong code is told like a wrong password: who guesses learns nothing of it that he did not know.
    """
    if not user.has_second_factor:
        return None
    if otp is None:
        return SecondFactorMissing()
    return None if factor_try(user, otp) else InvalidCredentials()


def factor_try(user: User, otp: str) -> bool:
    """Use a code up; return whether it was right.

    A code is good once. After a wrong one the next is looked at only after a pause, which doubles. The caller holds
    the user's lock, so that of many at once one is looked at at a time, and commits, right or wrong.
    """
    is_right = _authenticator_try(user, otp) if otp.isdecimal() else _recovery_try(user, otp)
    if not is_right:
        security_event_add(SecurityEventKind.FACTOR_REFUSED, user=user)
    return is_right


def _authenticator_try(user: User, otp: str) -> bool:
    return user.authenticator is not None and bool(user.authenticator.verify_token(otp))


def _recovery_try(user: User, otp: str) -> bool:
    codes = RecoveryCodes.objects.filter(user=user).first()
    is_right = codes is not None and codes.verify_token(otp)
    if is_right:
        security_event_add(SecurityEventKind.RECOVERY_CODE_USED, user=user)
    return is_right


def factors_forget(user: User) -> None:
    """Delete every device, begun or confirmed. The account does not name one any more."""
    Authenticator.objects.filter(user=user).delete()
    RecoveryCodes.objects.filter(user=user).delete()
