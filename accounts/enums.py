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


class CodePurpose(models.TextChoices):
    VERIFY = "VERIFY", "Verify an address"


class SessionEnd(models.TextChoices):
    LOGOUT = "LOGOUT", "Logged out"
    REUSE = "REUSE", "A refresh token was used twice"
    SUSPENDED = "SUSPENDED", "Account suspended"
    PASSWORD = "PASSWORD", "Password replaced"


class SecurityEventKind(models.TextChoices):
    REGISTERED = "REGISTERED", "Registered"
    CODE_REQUESTED = "CODE_REQUESTED", "Code requested"
    CODE_ACCEPTED = "CODE_ACCEPTED", "Code accepted"
    CODE_REFUSED = "CODE_REFUSED", "Code refused"
    LOGIN = "LOGIN", "Login"
    LOGIN_REFUSED = "LOGIN_REFUSED", "Login refused"
    REFRESH_REUSED = "REFRESH_REUSED", "Refresh token used twice"
    LOGOUT = "LOGOUT", "Logout"
