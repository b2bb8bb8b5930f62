"""Codes that prove an address: asked for, drawn when they are sent, tried at most three times, good once.

Each is good for one purpose. Each client has its own: what a stranger asks for voids nobody else's code, uses up no
more than his share of an hour's codes, and never the last try of another's. Rows are the truth and the audit trail of
who was sent what, when, and how often it was tried.
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
from accounts.enums import AddressKind, CodePurpose, Role, SecurityEventKind, UserStatus
from accounts.events import CodeRequested
from accounts.models import CodeChallenge, User
from accounts.selectors import (
    challenge_count_since,
    challenge_find_locked,
    challenge_find_to_try,
    challenge_tries_since,
    registration_list_of,
    user_find_locked,
)
from accounts.services import spent
from accounts.services.mail import address_tell
from accounts.services.security import security_event_add
from fixmate.core import clock, events
from fixmate.core.ids import uuid7
from fixmate.core.networks import client_network
from fixmate.core.sms import sms_may_go_to

_DIGITS = 6
_HOUR = timedelta(hours=1)


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
    """Owe the address a new code; the one this client asked for before is void. The caller holds the user's lock.

    Beyond the caps nothing is owed and the codes before stay good: `CODES_PER_HOUR` by account or by address, of which
    one client has `CODES_PER_CLIENT`. What is guessed is bounded by the tries, see `code_accept`.
    """
    at, here = clock.now(), client_network()
    if address.kind == AddressKind.PHONE and not sms_may_go_to(address.value):  # the setting was another once
        return
    if not _is_within_caps(user, address, here, at):
        return
    held = CodeChallenge.objects.filter(user=user, purpose=purpose, asked_from=here, closed_at__isnull=True)
    held.update(closed_at=at)
    challenge = CodeChallenge.objects.create(
        user=user,
        purpose=purpose,
        address=address.value,
        asked_from=here,
        registration=registration_list_of(user).first() if purpose == CodePurpose.VERIFY else None,
        created_at=at,
        expires_at=at + settings.CODE_LIFETIME,
    )
    events.publish(CodeRequested(challenge_id=challenge.pk))


def _is_within_caps(user: User, address: Address, here: str, at: datetime) -> bool:
    asked = partial(challenge_count_since, user_id=user.pk, address=address.value, since=at - _HOUR)
    return asked() < settings.CODES_PER_HOUR and asked(asked_from=here) < settings.CODES_PER_CLIENT


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
        template="code",
        occasion=uuid7(),  # another try sends another code: a mail store must not drop it for the one before
        context={
            "code": text,
            "purpose": challenge.purpose,
            "minutes": int(settings.CODE_LIFETIME.total_seconds()) // 60,
            "requested_at": challenge.created_at,
        },
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
    # Before this no guess can be right.
    transaction.on_commit(partial(spent.forget, purpose, challenge.address, challenge.pk))
    return challenge


# Trying


def code_try(user: User | None, purpose: CodePurpose, code: str, address: Address) -> bool:
    """Use up one try; return whether the code was right. As `code_accept`, for who need not know which code it was."""
    return code_accept(user, purpose, code, address) is not None


def code_accept(user: User | None, purpose: CodePurpose, code: str, address: Address) -> CodeChallenge | None:
    """Use up one try; return whose challenge it answered, if it was right, which closes every code of the purpose.

    The count is one conditional UPDATE, so however many guess at once, `CODE_TRIES` are looked at, of one challenge;
    and of all of an account's within an hour `CODE_TRIES_PER_HOUR`. A client that did not ask for the code leaves its
    last try to the one that did. It only holds if the caller commits, right or wrong. The caller holds the user's lock.
    """
    accepted = _accepted(user, purpose, code, address) if user is not None else None
    if accepted is None:
        user_id = user.pk if user is not None and purpose == CodePurpose.CHANGE else None
        transaction.on_commit(partial(spent.note_refused, purpose, address.value, client_network(), user_id=user_id))
    return accepted


def _accepted(user: User, purpose: CodePurpose, code: str, address: Address) -> CodeChallenge | None:
    at, here = clock.now(), client_network()
    challenge = challenge_find_to_try(user_id=user.pk, purpose=purpose, asked_from=here, at=at, address=address.value)
    if challenge is None or challenge_tries_since(user_id=user.pk, since=at - _HOUR) >= settings.CODE_TRIES_PER_HOUR:
        return None
    most = settings.CODE_TRIES - (challenge.asked_from != here)
    if not _try_counted(challenge, at, most):
        return None
    if not constant_time_compare(_code_hash_now(challenge), _hash(challenge.pk, code)):
        return None
    CodeChallenge.objects.filter(user=user, purpose=purpose, closed_at__isnull=True).update(closed_at=at)
    return challenge


def _try_counted(challenge: CodeChallenge, at: datetime, most: int) -> bool:
    good = CodeChallenge.objects.filter(pk=challenge.pk, closed_at__isnull=True, expires_at__gt=at, tries__lt=most)
    return good.update(tries=F("tries") + 1) == 1


def _code_hash_now(challenge: CodeChallenge) -> str:
    """Read the hash under the lock of the count: the sending task may just have drawn another."""
    return CodeChallenge.objects.values_list("code_hash", flat=True).get(pk=challenge.pk)


def _hash(challenge_id: UUID, code: str) -> str:
    return salted_hmac("accounts.code", f"{challenge_id}:{code}", algorithm="sha256").hexdigest()
