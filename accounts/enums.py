from django.db import models


class Role(models.TextChoices):
    CUSTOMER = "CUSTOMER", "Customer"
    TECHNICIAN = "TECHNICIAN", "Technician"
    ADMIN = "ADMIN", "Admin"


# The permission to give jobs to technicians by hand
DISPATCH_JOB = "matching.dispatch_job"


class UserStatus(models.TextChoices):
    PENDING = "PENDING", "Pending"
    ACTIVE = "ACTIVE", "Active"
    RESTRICTED = "RESTRICTED", "Restricted"
    SUSPENDED = "SUSPENDED", "Suspended"
    DELETED = "DELETED", "Deleted"


class AddressKind(models.TextChoices):
    EMAIL = "email", "E-mail address"
    PHONE = "phone", "Phone number"


class SocialProvider(models.TextChoices):
    """Who vouches for people instead of a password."""

    GOOGLE = "GOOGLE", "Google"
    APPLE = "APPLE", "Apple"


class CodePurpose(models.TextChoices):
    """What a code is good for, and nothing else."""

    VERIFY = "VERIFY", "Verify an address"
    LOGIN = "LOGIN", "Log in, or show again who one is"
    RESET = "RESET", "Replace a forgotten password"
    CHANGE = "CHANGE", "Take a new address"


class SessionEnd(models.TextChoices):
    LOGOUT = "LOGOUT", "Logged out"
    REUSE = "REUSE", "A refresh token was used twice"
    SUSPENDED = "SUSPENDED", "Account suspended"
    PASSWORD = "PASSWORD", "Password replaced"
    REVOKED = "REVOKED", "Ended by its owner from elsewhere"
    DELETED = "DELETED", "Account deleted"
    IDENTITY = "IDENTITY", "The sign-in it began with was removed"
    FACTOR = "FACTOR", "Second factor added, removed or shown: goes on under new tokens"


class SecurityEventKind(models.TextChoices):
    REGISTERED = "REGISTERED", "Registered"
    CODE_REQUESTED = "CODE_REQUESTED", "Code requested"
    CODE_ACCEPTED = "CODE_ACCEPTED", "Code accepted"
    CODE_REFUSED = "CODE_REFUSED", "Code refused"
    LOGIN = "LOGIN", "Login"
    LOGIN_REFUSED = "LOGIN_REFUSED", "Login refused"
    REFRESH_REUSED = "REFRESH_REUSED", "Refresh token used twice"
    SOCIAL_LINKED = "SOCIAL_LINKED", "A provider's sign-in added"
    SOCIAL_UNLINKED = "SOCIAL_UNLINKED", "A provider's sign-in removed"
    LOGOUT = "LOGOUT", "Logout"
    SESSION_REVOKED = "SESSION_REVOKED", "Session ended from elsewhere"
    REAUTH_REFUSED = "REAUTH_REFUSED", "Did not show again who he is"
    PASSWORD_CHANGED = "PASSWORD_CHANGED", "Password changed"
    PASSWORD_RESET = "PASSWORD_RESET", "Forgotten password replaced"
    ADDRESS_CHANGED = "ADDRESS_CHANGED", "Address changed"
    FACTOR_ADDED = "FACTOR_ADDED", "Second factor added"
    FACTOR_REMOVED = "FACTOR_REMOVED", "Second factor removed"
    FACTOR_RESET = "FACTOR_RESET", "Second factor reset by an operator"
    FACTOR_SHOWN = "FACTOR_SHOWN", "Second factor shown"
    FACTOR_REFUSED = "FACTOR_REFUSED", "Second factor refused"
    RECOVERY_CODE_USED = "RECOVERY_CODE_USED", "Recovery code used"
    DATA_EXPORTED = "DATA_EXPORTED", "Data exported"
    ACCOUNT_DELETED = "ACCOUNT_DELETED", "Account deleted"
