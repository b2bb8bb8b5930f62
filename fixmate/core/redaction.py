"""What no log line may hold, taken out of each on its way: secrets, and what tells who somebody is.

The rule is that nothing of the kind is logged; this stands behind it for what others say: paths that do not exist,
errors of libraries and of the database, which quote the values they fail on.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from structlog.typing import EventDict, WrappedLogger

REDACTED: Final = "[redacted]"
_OURS: Final = frozenset({"timestamp", "level", "logger"})
_NAMES: Final = (
    r"passw(?:or)?d|passphrase|secret|token|authorization|cookie|api[_-]?key|credential|otp|start_code|recovery_code"
)
_SECRET_NAME: Final = re.compile(_NAMES, re.IGNORECASE)
_LONGEST: Final = 32_000  # of one text: a traceback fits
# Every repetition is bounded: a path somebody made up is searched in time that grows with its length alone.
# `password=x`, `"refresh_token": "x"`, `Authorization: Bearer x`: the name stays, the value goes.
_NAMED: Final = re.compile(
    rf"""((?:{_NAMES})\w{{0,30}}\\{{0,2}}["']?\s{{0,3}}[:=]\s{{0,3}}\\{{0,2}}["']?)(?:(?<=")[^"\\\n]{{1,2000}}|(?<=')[^'\\\n]{{1,2000}}|(?:(?:bearer|basic)\s{{1,3}})?[^\s"'&;,}})\]\\]+)""",
    re.IGNORECASE,
)
_SHAPES: Final = [
    re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}"),  # a token, or what is left of one
    re.compile(r"\b(?:bearer|basic)\s{1,3}[\w.~+/-]{16,}=*", re.IGNORECASE),
    re.compile(r"(?<=://)[^\s/@:]{0,100}:[^\s/@]{1,200}(?=@)"),  # who and password in an address
    re.compile(r"[\w.+-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"),  # e-mail
    re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])"),  # card
    re.compile(r"(?<![\w.])\+\d(?:[ ().-]{0,2}\d){7,14}(?!\d)"),  # phone, with its country
    re.compile(r"(?<![\w-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])"),  # phone, as neighbours write it
    re.compile(r"(?<![\w.-])\d{10,12}(?![\w-])"),  # phone, bare
    re.compile(r"(?<![\w+.-])\d{6}(?![\w:-]|\.\d)"),  # code
]


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take out of an event what may not be in it. A processor of structlog, the last before it is written."""
    return {name: value if name in _OURS else _clean(name, value) for name, value in event.items()}


def text_redacted(text: str) -> str:
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]} [cut] {text[-_LONGEST // 2 :]}"
    text = _NAMED.sub(rf"\g<1>{REDACTED}", text)
    for shape in _SHAPES:
        text = shape.sub(REDACTED, text)
    return text


def _clean(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if _SECRET_NAME.search(name):
        return REDACTED
    if isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {text_redacted(str(key)): _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(name, inner) for inner in value]
    return text_redacted(value if isinstance(value, str) else repr(value))
