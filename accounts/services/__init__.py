"""Accounts, the codes that prove their addresses, and their sessions."""

from accounts.services.codes import code_request, code_send
from accounts.services.security import security_event_add
from accounts.services.sessions import (
    session_end,
    session_end_all,
    session_open,
    session_refresh,
    session_require_usable,
)
from accounts.services.users import (
    Registration,
    registration_repeated_tell,
    staff_appoint_dispatcher,
    staff_create,
    staff_dismiss_dispatcher,
    user_profile_update,
    user_register,
    user_reinstate,
    user_suspend,
    user_verify,
)

__all__ = [
    "Registration",
    "code_request",
    "code_send",
    "registration_repeated_tell",
    "security_event_add",
    "session_end",
    "session_end_all",
    "session_open",
    "session_refresh",
    "session_require_usable",
    "staff_appoint_dispatcher",
    "staff_create",
    "staff_dismiss_dispatcher",
    "user_profile_update",
    "user_register",
    "user_reinstate",
    "user_suspend",
    "user_verify",
]
