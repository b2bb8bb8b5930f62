"""Every mail and SMS of accounts with facts such as it is sent with: what `preview_mails` shows and the tests read."""

from datetime import UTC, datetime
from typing import Any

from accounts.enums import CodePurpose, SocialProvider

_CODE = {"code": "123456", "minutes": 10, "requested_at": datetime(2026, 3, 2, 12, 0, tzinfo=UTC)}
_CODES: dict[str, tuple[str, dict[str, Any]]] = {
    f"code_{purpose.lower()}": ("code", {**_CODE, "purpose": purpose}) for purpose in CodePurpose
}
_ALL: dict[str, tuple[str, dict[str, Any]]] = {
    **_CODES,
    "address_changed": ("address_changed", {}),
    "already_registered": ("already_registered", {}),
    "identity_linked": ("identity_linked", {"provider": SocialProvider.GOOGLE.label}),
    "identity_removed": ("identity_removed", {"provider": SocialProvider.GOOGLE.label}),
    "no_password": ("no_password", {}),
    "password_replaced": ("password_replaced", {}),
    "second_factor_added": ("second_factor_added", {}),
    "second_factor_removed": ("second_factor_removed", {}),
}
MAILS = {f"accounts_{name}": (f"accounts/mail/{template}", facts) for name, (template, facts) in _ALL.items()}
SMS = {f"accounts_{name}": (f"accounts/sms/{template}", facts) for name, (template, facts) in _ALL.items()}
