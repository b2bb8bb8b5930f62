"""Codes that prove an address: asked for, drawn when they are sent, tried at most three times, good once."""

import secrets
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.enums import CodePurpose, SecurityEventKind, UserStatus
from accounts.events import CodeRequested
from accounts.models import CodeChallenge, User
from accounts.selectors import challenge_find_locked, challenge_find_open, user_find_by_email_locked
from accounts.services.mail import mail_send
from accounts.services.security import security_event_add
from fixmate.core import clock, events

_DIGITS = 6


@transaction.atomic
def code_request(*, email: str) -> None:
    """Have a new code sent, if the address has an account to verify. Says nothing either way."""
    user = user_find_by_email_locked(email)
    if user is not None and user.status == UserStatus.PENDING:
        code_issue(user)
    security_event_add(SecurityEventKind.CODE_REQUESTED, user=user)


def code_issue(user: User) -> CodeChallenge:
    """Owe the user a new code; the one before is void. The caller holds the user's lock in its transaction."""
    at = clock.now()
    CodeChallenge.objects.filter(user=user, purpose=CodePurpose.VERIFY, closed_at__isnull=True).update(closed_at=at)
    challenge = CodeChallenge.objects.create(
        user=user, purpose=CodePurpose.VERIFY, created_at=at, expires_at=at + settings.CODE_LIFETIME
    )
    events.publish(CodeRequested(challenge_id=challenge.pk))
    return challenge


# Sending


def code_send(*, challenge_id: UUID) -> None:
    """Draw the code, commit its hash, then mail it. Called again it draws another: the last one mailed is the good one.

    Call it with no transaction open.
    """
    code = secrets.randbelow(10**_DIGITS)
    text = f"{code:0{_DIGITS}d}"
    challenge = _code_keep(challenge_id, text)
    if challenge is None:
        return
    minutes = int(settings.CODE_LIFETIME.total_seconds()) // 60
    requested_at = f"{challenge.created_at:%H:%M} UTC"
    mail_send(
        challenge.user,
        subject="Your FixMate code",
        template="code",
        code=text,
        minutes=minutes,
        requested_at=requested_at,
    )


@transaction.atomic
def _code_keep(challenge_id: UUID, code: str) -> CodeChallenge | None:
    """Keep the code's hash; its lifetime starts now, however long the mail had to wait."""
    challenge = challenge_find_locked(challenge_id)
    if challenge is None or challenge.closed_at is not None:
        return None
    challenge.sent_at = clock.now()
    challenge.expires_at = challenge.sent_at + settings.CODE_LIFETIME
    challenge.code_hash = _hash(challenge.pk, code)
    challenge.save(update_fields=["sent_at", "expires_at", "code_hash"])
    return challenge


# Trying


def code_try(user: User, code: str) -> bool:
    """Use up one try; return whether the code was right, which closes the challenge.

    The count is one conditional UPDATE, so however many guess at once, `CODE_TRIES` are looked at. It only holds if
    the caller commits, right or wrong. The caller holds the user's lock.
    """
    challenge = challenge_find_open(user.pk, CodePurpose.VERIFY)
    at = clock.now()
    if challenge is None or not _try_counted(challenge, at):
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
