"""Tables that the code makes and people review: `make golden` writes them anew, and the diff says what has changed."""

import os
from pathlib import Path

_HERE = Path(__file__).parent


def written(name: str) -> list[str]:
    return (_HERE / name).read_text().splitlines()


def as_written(name: str, lines: list[str]) -> list[str]:
    """Return the lines of the file; with GOLDEN=write, write these to it first."""
    if os.environ.get("GOLDEN") == "write":
        (_HERE / name).write_text("\n".join(lines) + "\n")
    return written(name)
