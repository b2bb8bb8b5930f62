"""Refusals: what a caller did wrong or came too late for. Anything else is a bug and stays a 500."""

from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal the caller can act on."""

    code: ClassVar[str] = "DOMAIN_ERROR"
    status: ClassVar[int] = 400
    message: ClassVar[str] = "The request could not be processed."
    retry_after_s: ClassVar[int | None] = None
    # Whether what was written about the refusal stays, as a counted try does, where else a refusal undoes everything.
    is_recorded: ClassVar[bool] = False

    def __init__(self, message: str = "", **details: Any) -> None:
        self.text = message or self.message
        self.details = details
        super().__init__(self.text)


class Invalid(DomainError):
    code, status, message = "VALIDATION_ERROR", 400, "Some fields are not valid."


class Unauthenticated(DomainError):
    code, status, message = "AUTHENTICATION_REQUIRED", 401, "Log in first."


class Forbidden(DomainError):
    code, status, message = "PERMISSION_DENIED", 403, "You may not do this."


class EmailNotVerified(Forbidden):
    code, message = "EMAIL_NOT_VERIFIED", "Verify your account first."


class NotFound(DomainError):
    code, status, message = "NOT_FOUND", 404, "There is no such thing here."


class Conflict(DomainError):
    code, status, message = "CONFLICT", 409, "This is not possible now."


class IllegalTransition(Conflict):
    """The state machine refuses the step; details: state, action."""

    code, message = "ILLEGAL_TRANSITION", "This step is not possible in the present state."


class StaleState(Conflict):
    """Somebody else moved the row between reading and saving."""

    code, message = "STALE_STATE", "This has just been changed by somebody else. Read it again."
