"""Codes that prove an address: asked for, drawn when they are sent, tried at most three times, good once.

Each is good for one purpose. Rows are the truth and the audit trail of who was sent what, when, and how often it was
tried.
"""

import secrets
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.addresses import Address, address_of
from accounts.enums import CodePurpose, Role, SecurityEventKind, UserStatus
from accounts.events import CodeRequested
from accounts.models import CodeChallenge, User
from accounts.selectors import challenge_count_since, challenge_find_locked, challenge_find_open, user_find_locked
from accounts.services import spent
from accounts.services.mail import address_tell
from accounts.services.security import security_event_add
from fixmate.core import clock, events

_DIGITS = 6
_HOUR = timedelta(hours=1)
_SUBJECTS = {
    CodePurpose.VERIFY: "Your FixMate code",
    CodePurpose.LOGIN: "Your FixMate code to log in",
    CodePurpose.RESET: "Your FixMate code for a new password",
    CodePurpose.CHANGE: "Your FixMate code for a new address",
}


@transaction.atomic
def code_request(*, email: str | None = None, phone: str | None = None) -> None:
    """Have a code sent: to verify an account that is not yet, else to log in. Says nothing of what there is.

    :raises Invalid: if nobody can have this address
    """
    address = address_of(email=email, phone=phone)
    user = user_find_locked(address)
    purpose = _purpose_for(user) if user else None
    if user and purpose:
        code_issue(user, purpose, address)
    security_event_add(SecurityEventKind.CODE_REQUESTED, user=user)


def _purpose_for(user: User) -> CodePurpose | None:
    """Staff log in with a password alone: a code is no second factor of theirs."""
    if user.status == UserStatus.PENDING:
        return CodePurpose.VERIFY
    return CodePurpose.LOGIN if user.is_active and user.role != Role.ADMIN else None


def codes_void(user: User) -> None:
    """End every code the user was sent. The caller holds the user's lock in its transaction.

    What a code proves is bound to the password and the addresses of the moment it was asked for.
    """
    CodeChallenge.objects.filter(user=user, closed_at__isnull=True).update(closed_at=clock.now())


def code_issue(user: User, purpose: CodePurpose, address: Address) -> None:
    """Owe the address a new code; the one before is void. The caller holds the user's lock in its transaction.

    Beyond `CODES_PER_HOUR`, by account or by address, nothing is owed and the code before stays good: a new challenge
    has three new tries, so without this cap any number of guesses could be had.
    """
    at = clock.now()
    if challenge_count_since(user_id=user.pk, address=address.value, since=at - _HOUR) >= settings.CODES_PER_HOUR:
        return
    CodeChallenge.objects.filter(user=user, purpose=purpose, closed_at__isnull=True).update(closed_at=at)
    challenge = CodeChallenge.objects.create(
        user=user,
        purpose=purpose,
        address=address.value,
        created_at=at,
        expires_at=at + settings.CODE_LIFETIME,
    )
    events.publish(CodeRequested(challenge_id=challenge.pk))


# Sending


def code_send(*, challenge_id: UUID) -> None:
    """Draw the code, commit its hash, then send it. Called again it draws another: the last one sent is the good one.

    Call it with no transaction open.
    """
    code = secrets.randbelow(10**_DIGITS)
    text = f"{code:0{_DIGITS}d}"
    challenge = _code_keep(challenge_id, text)
    if challenge is None:
        return
    address_tell(
        challenge.address,
        subject=_SUBJECTS[CodePurpose(challenge.purpose)],
        template="code",
        code=text,
        purpose=challenge.purpose,
        minutes=int(settings.CODE_LIFETIME.total_seconds()) // 60,
        requested_at=f"{challenge.created_at:%H:%M} UTC",
    )


@transaction.atomic
def _code_keep(challenge_id: UUID, code: str) -> CodeChallenge | None:
    """Keep the code's hash; its lifetime starts now, however long the message had to wait."""
    challenge = challenge_find_locked(challenge_id)
    if challenge is None or challenge.closed_at is not None or not challenge.address:
        return None
    challenge.sent_at = clock.now()
    challenge.expires_at = challenge.sent_at + settings.CODE_LIFETIME
    challenge.code_hash = _hash(challenge.pk, code)
    challenge.save(update_fields=["sent_at", "expires_at", "code_hash"])
    purpose = CodePurpose(challenge.purpose)
    transaction.on_commit(partial(spent.forget, purpose, challenge.address))  # before this no guess can be right
    return challenge


# Trying


def code_try(user: User | None, purpose: CodePurpose, code: str, address: Address) -> bool:
    """Use up one try; return whether the code was right, which closes the challenge.

    The count is one conditional UPDATE, so however many guess at once, `CODE_TRIES` are looked at. It only holds if
    the caller commits, right or wrong. The caller holds the user's lock.
    """
    is_right = user is not None and _code_matches(user, purpose, code, address)
    if not is_right:
        transaction.on_commit(partial(spent.note_refused, purpose, address.value))
    return is_right


def _code_matches(user: User, purpose: CodePurpose, code: str, address: Address) -> bool:
    challenge = challenge_find_open(user.pk, purpose)
    at = clock.now()
    if challenge is None or challenge.address != address.value or not _try_counted(challenge, at):
        return False
    is_right = constant_time_compare(_code_hash_now(challenge), _hash(challenge.pk, code))
    if is_right:
        CodeChallenge.objects.filter(pk=challenge.pk).update(closed_at=at)
    return is_right


def _try_counted(challenge: CodeChallenge, at: datetime) -> bool:
    sent = CodeChallenge.objects.filter(
        pk=challenge.pk, closed_at__isnull=True, expires_at__gt=at, sent_at__isnull=False
    )
    return sent.filter(tries__lt=settings.CODE_TRIES).update(tries=F("tries") + 1) == 1


def _code_hash_now(challenge: CodeChallenge) -> str:
    """Read the hash under the lock of the count: the sending task may just have drawn another."""
    return CodeChallenge.objects.values_list("code_hash", flat=True).get(pk=challenge.pk)


def _hash(challenge_id: UUID, code: str) -> str:
    return salted_hmac("accounts.code", f"{challenge_id}:{code}", algorithm="sha256").hexdigest()
