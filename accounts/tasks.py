from datetime import timedelta
from uuid import UUID

from celery import Task, shared_task

from accounts.events import (
    AddressChanged,
    CodeRequested,
    IdentityLinked,
    IdentityRemoved,
    OpenedWithoutPassword,
    PasswordReplaced,
    RegistrationRepeated,
    SecondFactorAdded,
    SecondFactorRemoved,
)
from accounts.services import (
    address_changed_tell,
    address_changed_tell_at,
    code_send,
    identity_linked_tell,
    identity_removed_tell,
    opened_without_password_tell,
    password_replaced_tell,
    registration_repeated_tell,
    registrations_lapse,
    second_factor_added_tell,
    second_factor_removed_tell,
    spent_tokens_purge,
)
from fixmate.core.celery import OutboxTask, occasion_of
from fixmate.core.events import subscribe
from fixmate.core.sweeps import sweep


@subscribe(CodeRequested)
@shared_task(name="accounts.send_code", base=OutboxTask, reaches_outside=True)
def send_code(*, challenge_id: str, **_: object) -> None:
    code_send(challenge_id=UUID(challenge_id))


@subscribe(RegistrationRepeated)
@shared_task(name="accounts.tell_registration_repeated", base=OutboxTask, bind=True, reaches_outside=True)
def tell_registration_repeated(self: Task, /, *, user_id: str, **_: object) -> None:
    registration_repeated_tell(user_id=UUID(user_id), occasion=occasion_of(self))


@subscribe(PasswordReplaced)
@shared_task(name="accounts.tell_password_replaced", base=OutboxTask, bind=True, reaches_outside=True)
def tell_password_replaced(self: Task, /, *, user_id: str, **_: object) -> None:
    password_replaced_tell(user_id=UUID(user_id), occasion=occasion_of(self))


@subscribe(OpenedWithoutPassword)
@shared_task(name="accounts.tell_opened_without_password", base=OutboxTask, bind=True, reaches_outside=True)
def tell_opened_without_password(self: Task, /, *, user_id: str, **_: object) -> None:
    opened_without_password_tell(user_id=UUID(user_id), occasion=occasion_of(self))


@subscribe(AddressChanged)
@shared_task(name="accounts.tell_address_changed", base=OutboxTask, bind=True, reaches_outside=True)
def tell_address_changed(self: Task, /, *, notice_id: str = "", told_at: str = "", **_: object) -> None:
    if notice_id:
        address_changed_tell(notice_id=UUID(notice_id), occasion=occasion_of(self))
    else:  # ordered by version 0.1, which wrote the address itself
        address_changed_tell_at(told_at, occasion=occasion_of(self))


@subscribe(IdentityLinked)
@shared_task(name="accounts.tell_identity_linked", base=OutboxTask, bind=True, reaches_outside=True)
def tell_identity_linked(self: Task, /, *, user_id: str, provider: str, **_: object) -> None:
    identity_linked_tell(user_id=UUID(user_id), provider=provider, occasion=occasion_of(self))


@subscribe(IdentityRemoved)
@shared_task(name="accounts.tell_identity_removed", base=OutboxTask, bind=True, reaches_outside=True)
def tell_identity_removed(self: Task, /, *, user_id: str, provider: str, **_: object) -> None:
    identity_removed_tell(user_id=UUID(user_id), provider=provider, occasion=occasion_of(self))


@subscribe(SecondFactorAdded)
@shared_task(name="accounts.tell_second_factor_added", base=OutboxTask, bind=True, reaches_outside=True)
def tell_second_factor_added(self: Task, /, *, user_id: str, **_: object) -> None:
    second_factor_added_tell(user_id=UUID(user_id), occasion=occasion_of(self))


@subscribe(SecondFactorRemoved)
@shared_task(name="accounts.tell_second_factor_removed", base=OutboxTask, bind=True, reaches_outside=True)
def tell_second_factor_removed(self: Task, /, *, user_id: str, **_: object) -> None:
    second_factor_removed_tell(user_id=UUID(user_id), occasion=occasion_of(self))


@sweep(every=timedelta(hours=1))
@shared_task(name="accounts.purge_spent_tokens")
def purge_spent_tokens() -> None:
    spent_tokens_purge()


@sweep(every=timedelta(hours=1))
@shared_task(name="accounts.lapse_registrations")
def lapse_registrations() -> None:
    registrations_lapse()
