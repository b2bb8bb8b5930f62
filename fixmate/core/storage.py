"""Where private files are kept: a folder, or an S3-compatible server. No address of either is open to anybody.

A storage that is slow, full or away is a refusal (503), so that no caller has to know which kind it is.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from heapq import nsmallest
from pathlib import Path
from typing import IO, Any, Protocol, cast

from django.core import signing
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, default_storage
from django.urls import reverse

from fixmate.core.errors import DomainError

LINK_SALT = "fixmate.core.files.link"
STORED_NAME = re.compile(r"[0-9a-f-]{36}\.\w+")


class StorageUnavailable(DomainError):
    code, status, message = "SERVICE_UNAVAILABLE", 503, "Files cannot be kept or read right now. Try again later."


class PrivateStorage(Protocol):
    """What files need of a storage beyond Django's own interface."""

    def download_url(self, name: str, *, filename: str, content_type: str) -> str:
        """Return an address that needs no login and is good for `FILES_LINK_S`."""
        ...

    def names_between(self, folder: str, since: datetime, until: datetime, *, limit: int) -> list[str]:
        """Return the oldest files of the folder that were stored in the span, told by the time in their names."""
        ...


def private_storage() -> PrivateStorage:
    return cast(PrivateStorage, default_storage)


def name_mark(at: datetime) -> str:
    """Return what the name of a file of this moment begins with: a UUIDv7 begins with its milliseconds."""
    milliseconds = f"{int(at.timestamp() * 1000):012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}"


def name_time(name: str) -> datetime:
    """Return when a file was stored, by its name."""
    mark = name.rpartition("/")[2]
    return datetime.fromtimestamp(int(mark[:8] + mark[9:13], 16) / 1000, UTC)


@contextmanager
def _disk_answers() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as exc:  # full, read-only, or a network mount that is gone
        raise StorageUnavailable from exc


class PrivateDiskStorage(FileSystemStorage):
    """Files below `MEDIA_ROOT`, for this service's own user alone."""

    def __init__(self) -> None:
        super().__init__(file_permissions_mode=0o600, directory_permissions_mode=0o700)

    def open(self, name: str, mode: str = "rb") -> File:
        with _disk_answers():
            return super().open(name, mode)

    def save(self, name: str | None, content: IO[Any], max_length: int | None = None) -> str:
        with _disk_answers():
            return super().save(name, content, max_length)

    def delete(self, name: str) -> None:
        with _disk_answers():
            super().delete(name)

    def download_url(self, name: str, *, filename: str, content_type: str) -> str:
        token = signing.dumps([name, filename, content_type], salt=LINK_SALT)
        return reverse("file-detail", args=[token])

    def names_between(self, folder: str, since: datetime, until: datetime, *, limit: int) -> list[str]:
        first, last = name_mark(since), name_mark(until)
        names = (path.name for path in Path(self.path(folder)).glob("*"))
        found = (name for name in names if first <= name < last and STORED_NAME.fullmatch(name))
        return [f"{folder}/{name}" for name in nsmallest(limit, found)]
