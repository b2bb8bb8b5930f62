"""Accounts, the codes that prove their addresses, and their sessions."""

from accounts.services.avatar import avatar_remove, avatar_set
from accounts.services.codes import code_request, code_send
from accounts.services.contact import address_change, address_changed_tell, address_confirm, phone_remove
from accounts.services.credentials import (
    password_change,
    password_forgotten,
    password_replaced_tell,
    password_reset,
    user_reauthenticate,
)
from accounts.services.erasure import user_erase
from accounts.services.export import export_stream
from accounts.services.registration import Registration, registration_repeated_tell, user_register, user_verify
from accounts.services.security import security_event_add
from accounts.services.sessions import (
    session_end,
    session_end_all,
    session_open,
    session_open_by_code,
    session_refresh,
    session_require_usable,
    session_revoke,
)
from accounts.services.users import (
    staff_appoint_dispatcher,
    staff_create,
    staff_dismiss_dispatcher,
    user_hold_working,
    user_profile_update,
    user_reinstate,
    user_suspend,
)

__all__ = [
    "Registration",
    "address_change",
    "address_changed_tell",
    "address_confirm",
    "avatar_remove",
    "avatar_set",
    "code_request",
    "code_send",
    "export_stream",
    "password_change",
    "password_forgotten",
    "password_replaced_tell",
    "password_reset",
    "phone_remove",
    "registration_repeated_tell",
    "security_event_add",
    "session_end",
    "session_end_all",
    "session_open",
    "session_open_by_code",
    "session_refresh",
    "session_require_usable",
    "session_revoke",
    "staff_appoint_dispatcher",
    "staff_create",
    "staff_dismiss_dispatcher",
    "user_erase",
    "user_hold_working",
    "user_profile_update",
    "user_reauthenticate",
    "user_register",
    "user_reinstate",
    "user_suspend",
    "user_verify",
]
