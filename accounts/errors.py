from fixmate.core.errors import Conflict, DomainError, Forbidden, Invalid


class InvalidCredentials(DomainError):
    code, status, message = "INVALID_CREDENTIALS", 401, "The address or the password is not right."


class TokenInvalid(DomainError):
    code, status, message = "TOKEN_INVALID", 401, "The token is not valid any more. Log in again."


class AccountSuspended(Forbidden):
    code, message = "ACCOUNT_SUSPENDED", "This account is suspended. Contact support."


class CodeInvalid(Invalid):
    code, message = "CODE_INVALID", "The code is wrong, used or no longer valid. Ask for a new one."


class ReauthenticationRequired(Forbidden):
    code = "REAUTHENTICATION_REQUIRED"
    message = "Give your current password, or a code sent to your own address."


class AccountTaken(Conflict):
    code, message = "ACCOUNT_TAKEN", "An account with this address exists."


class AccountInUse(Conflict):
    code, message = "ACCOUNT_IN_USE", "The account cannot be deleted yet."
