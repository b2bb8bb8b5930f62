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
    SUSPENDED = "SUSPENDED", "Suspended"
    DELETED = "DELETED", "Deleted"


class AddressKind(models.TextChoices):
    EMAIL = "email", "E-mail address"
    PHONE = "phone", "Phone number"


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


class SecurityEventKind(models.TextChoices):
    REGISTERED = "REGISTERED", "Registered"
    CODE_REQUESTED = "CODE_REQUESTED", "Code requested"
    CODE_ACCEPTED = "CODE_ACCEPTED", "Code accepted"
    CODE_REFUSED = "CODE_REFUSED", "Code refused"
    LOGIN = "LOGIN", "Login"
    LOGIN_REFUSED = "LOGIN_REFUSED", "Login refused"
    REFRESH_REUSED = "REFRESH_REUSED", "Refresh token used twice"
    LOGOUT = "LOGOUT", "Logout"
    SESSION_REVOKED = "SESSION_REVOKED", "Session ended from elsewhere"
    REAUTH_REFUSED = "REAUTH_REFUSED", "Did not show again who he is"
    PASSWORD_CHANGED = "PASSWORD_CHANGED", "Password changed"
    PASSWORD_RESET = "PASSWORD_RESET", "Forgotten password replaced"
    ADDRESS_CHANGED = "ADDRESS_CHANGED", "Address changed"
    DATA_EXPORTED = "DATA_EXPORTED", "Data exported"
    ACCOUNT_DELETED = "ACCOUNT_DELETED", "Account deleted"
