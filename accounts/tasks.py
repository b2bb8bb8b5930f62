from uuid import UUID

from celery import shared_task

from accounts.events import AddressChanged, CodeRequested, PasswordReplaced, RegistrationRepeated
from accounts.services import address_changed_tell, code_send, password_replaced_tell, registration_repeated_tell
from fixmate.core.celery import OutboxTask
from fixmate.core.events import subscribe


@subscribe(CodeRequested)
@shared_task(name="accounts.send_code", base=OutboxTask, reaches_outside=True)
def send_code(*, challenge_id: str, **_: object) -> None:
    code_send(challenge_id=UUID(challenge_id))


@subscribe(RegistrationRepeated)
@shared_task(name="accounts.tell_registration_repeated", base=OutboxTask, reaches_outside=True)
def tell_registration_repeated(*, user_id: str, **_: object) -> None:
    registration_repeated_tell(user_id=UUID(user_id))


@subscribe(PasswordReplaced)
@shared_task(name="accounts.tell_password_replaced", base=OutboxTask, reaches_outside=True)
def tell_password_replaced(*, user_id: str, **_: object) -> None:
    password_replaced_tell(user_id=UUID(user_id))


@subscribe(AddressChanged)
@shared_task(name="accounts.tell_address_changed", base=OutboxTask, reaches_outside=True)
def tell_address_changed(*, told_at: str, **_: object) -> None:
    address_changed_tell(told_at=told_at)
