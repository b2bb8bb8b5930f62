from uuid import UUID

from celery import shared_task

from accounts.events import CodeRequested, RegistrationRepeated
from accounts.services import code_send, registration_repeated_tell
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
