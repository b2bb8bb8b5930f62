"""Stolen passwords, looked up in a file the operator supplies: SHA-1 hashes in order, as Have I Been Pwned gives them.

The file has some forty gigabytes and is never loaded: some thirty short reads find a hash, or that it is not there.
Nothing leaves this machine.
"""

import hashlib
import os
from pathlib import Path
from typing import BinaryIO, Final

import structlog
from django.conf import settings

log = structlog.get_logger(__name__)
_HASH_LENGTH: Final = 40
_LINE_MAX: Final = 80  # a hash, a count and the end of the line


def is_breached(password: str) -> bool:
    """Tell whether the operator's file names the password. Without a file, or when it cannot be read, none is named."""
    if not settings.BREACHED_PASSWORDS_FILE:
        return False
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode("ascii")
    try:
        with Path(settings.BREACHED_PASSWORDS_FILE).open("rb") as file:
            return _holds(file, wanted)
    except OSError:
        log.exception("passwords.breached_file_unreadable")  # people go on registering
        return False


def _holds(file: BinaryIO, wanted: bytes) -> bool:
    low, high = 0, os.fstat(file.fileno()).st_size
    while low < high:  # the line, if there is one, begins in here
        start, line = _line_around(file, (low + high) // 2)
        found = line[:_HASH_LENGTH].upper()
        if found == wanted:
            return True
        if found < wanted:
            low = start + len(line)
        else:
            high = start
    return False


def _line_around(file: BinaryIO, position: int) -> tuple[int, bytes]:
    """Return where the line begins that the byte belongs to, and the line with its end.

    :raises OSError: if there is no such line: the file has another form
    """
    begin = max(0, position - _LINE_MAX)
    file.seek(begin)
    start = begin + file.read(position - begin).rfind(b"\n") + 1
    file.seek(start)
    line = file.readline(_LINE_MAX)
    if start + len(line) <= position:
        raise OSError(f"no line of hashes at byte {position}")
    return start, line
