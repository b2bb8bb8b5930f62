"""Answers that carry a secret, known by the field it stands in: never stored, never compressed."""

import re
from typing import Final

# A field of such a name that has a value; without one it says nothing.
_SECRET: Final = re.compile(rb'"(?:\w*token|\w*secret|link|start_code|recovery_codes|otpauth_uri)":\s*(?:"[^"]|\[\s*")')


def holds_secret(body: bytes) -> bool:
    return _SECRET.search(body) is not None
