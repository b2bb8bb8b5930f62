"""What fits the formats that the document names beside those of JSON Schema."""

from hashlib import sha256

import schemathesis
from hypothesis import strategies

_PHONES = [
    form.format(number) for number in range(100, 200, 7) for form in ("+16175550{}", "(617) 555-0{}", "6175550{}")
]
# No two are alike, and none is common: what is made up from nothing would be both.
_PASSWORDS = [f"{'Ж ' * (number % 2)}{sha256(bytes([number])).hexdigest()[:20]}" for number in range(8)]
_FITTING = {
    "phone": strategies.sampled_from(_PHONES),
    "password": strategies.sampled_from(_PASSWORDS),
    "time-zone": strategies.sampled_from(["UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Etc/GMT+12"]),
}


def register_formats():
    for name, fitting in _FITTING.items():
        schemathesis.openapi.format(name, fitting)
