from fixmate.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound


class InvalidCredentials(DomainError):
    code, status, message = "INVALID_CREDENTIALS", 401, "The address or the password is not right."


class TokenInvalid(DomainError):
    code, status, message = "TOKEN_INVALID", 401, "The token is not valid any more. Log in again."


class AccountSuspended(Forbidden):
    code, message = "ACCOUNT_SUSPENDED", "This account is suspended. Contact support."


class AccountRestricted(Forbidden):
    code = "ACCOUNT_RESTRICTED"
    message = "This account may finish what it has, and begin nothing new. Contact support."


class StaffNotRestricted(Conflict):
    code, message = "STAFF_NOT_RESTRICTED", "Staff order nothing and are offered nothing. Suspend the account instead."


class CodeInvalid(Invalid):
    code, message = "CODE_INVALID", "The code is wrong, used or no longer valid. Ask for a new one."


class ReauthenticationRequired(Forbidden):
    code = "REAUTHENTICATION_REQUIRED"
    message = "Give your current password, or a code sent to your own address."


class AccountTaken(Conflict):
    code, message = "ACCOUNT_TAKEN", "An account with this address exists."


class AccountInUse(Conflict):
    code, message = "ACCOUNT_IN_USE", "The account cannot be deleted yet."


class LastWayIn(Conflict):
    code, message = "LAST_WAY_IN", "Nothing else opens this account. Set a password or prove a phone number first."


class ProviderOff(NotFound):
    code, message = "SOCIAL_PROVIDER_OFF", "Signing in with this provider is not offered here."


class ProviderTokenInvalid(DomainError):
    code, status, message = "SOCIAL_TOKEN_INVALID", 401, "The provider's token is not valid. Sign in there once more."


class ProviderEmailUnverified(Forbidden):
    code = "SOCIAL_EMAIL_UNVERIFIED"
    message = "The provider vouches for no e-mail address of yours. Register with an address of your own."


class ProviderNotForStaff(Forbidden):
    code, message = "SOCIAL_NOT_FOR_STAFF", "Staff log in with their password."


class ProviderAway(DomainError):
    code, status, message = "SOCIAL_PROVIDER_AWAY", 503, "The provider cannot be asked right now. Try again later."
    retry_after_s = 5


# The second factor of staff


class SecondFactorMissing(DomainError):
    """At the login: the password is right, and apps have to know what else to ask for."""

    code, status, message = "SECOND_FACTOR_REQUIRED", 401, "Give the code of your authenticator as well."


class SecondFactorRequired(Forbidden):
    code = "SECOND_FACTOR_REQUIRED"
    message = "Staff show a second factor here. Add one, or show the one you have."


class StepUpRequired(Forbidden):
    code, message = "STEP_UP_REQUIRED", "Show your second factor again: this needs one shown just now."


class SecondFactorRefused(Forbidden):
    code = "SECOND_FACTOR_REFUSED"
    message = "The code is wrong, used already, or came too soon after a wrong one."


class SecondFactorPresent(Conflict):
    code, message = "SECOND_FACTOR_PRESENT", "There is a second factor already. Remove it first."


class SecondFactorAbsent(Conflict):
    code, message = "SECOND_FACTOR_ABSENT", "There is no second factor yet. Add one first."


class EnrolmentNotBegun(Conflict):
    code, message = "ENROLMENT_NOT_BEGUN", "Begin anew: nothing was begun, or it was too long ago."
