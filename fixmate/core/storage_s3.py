"""Files in a private bucket of an S3-compatible server."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.base import ContentFile, File
from django.utils.http import content_disposition_header
from storages.backends.s3 import S3Storage

from fixmate.core.breaker import Away, Breaker
from fixmate.core.storage import STORED_NAME, StorageUnavailable, name_mark

T = TypeVar("T")
CONTENT_TYPES: Final = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "pdf": "application/pdf",
}
_TRIES: Final = 2


def _client_config(endpoint_url: str, timeout_s: int) -> Config:
    return Config(
        connect_timeout=timeout_s,
        read_timeout=timeout_s,
        retries={"total_max_attempts": _TRIES, "mode": "standard"},
        signature_version="s3v4",
        s3={"addressing_style": "path" if endpoint_url else "auto"},
        # Else every body is sent in Amazon's own framing, which other servers keep as part of the file.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


class PrivateS3Storage(S3Storage):  # type: ignore[misc]
    """Objects of a private bucket, one request each: files are small and their names are never given twice."""

    def __init__(self, *, timeout_s: int, **options: Any) -> None:
        client_config = _client_config(options["endpoint_url"], timeout_s)
        super().__init__(**options, client_config=client_config, file_overwrite=True)
        self._breaker = Breaker("files", failures=(BotoCoreError,))

    def _ask(self, work: Callable[[], T], name: str = "") -> T:
        try:
            return self._breaker.call(work)
        except ClientError as exc:
            if exc.response.get("Error", {}).get("Code") == "NoSuchKey":
                raise FileNotFoundError(name) from exc
            raise StorageUnavailable from exc
        except (BotoCoreError, Away) as exc:
            raise StorageUnavailable from exc

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket_name, "Key": self._normalize_name(name)}

    def _open(self, name: str, mode: str = "rb") -> File:
        """Read all of it, so that a server which fails half-way is a refusal and not half an answer."""
        client = self.connection.meta.client
        content = self._ask(lambda: client.get_object(**self._at(name))["Body"].read(), name)
        return ContentFile(content, name)

    def _save(self, name: str, content: File) -> str:
        client, body = self.connection.meta.client, content.read()
        headers = {
            "ContentType": CONTENT_TYPES.get(name.rpartition(".")[2], self.default_content_type),
            "ContentDisposition": "attachment",
            "CacheControl": "private, no-store",
        }
        self._ask(lambda: client.put_object(**self._at(name), Body=body, **headers))
        return name

    def delete(self, name: str) -> None:
        client = self.connection.meta.client
        self._ask(lambda: client.delete_object(**self._at(name)))

    def exists(self, name: str) -> bool:
        return self._ask(lambda: bool(super(PrivateS3Storage, self).exists(name)))

    def download_url(self, name: str, *, filename: str, content_type: str) -> str:
        headers = {
            "ResponseContentType": content_type,
            "ResponseContentDisposition": content_disposition_header(True, filename) or "attachment",
            "ResponseCacheControl": "private, no-store",
        }
        return self._ask(lambda: str(self.url(name, parameters=headers, expire=settings.FILES_LINK_S)))

    def names_between(self, folder: str, since: datetime, until: datetime, *, limit: int) -> list[str]:
        pages = self.connection.meta.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket_name, Prefix=f"{folder}/", StartAfter=f"{folder}/{name_mark(since)}"
        )
        keys = (str(entry["Key"]) for page in pages for entry in page.get("Contents", ()))
        last = f"{folder}/{name_mark(until)}"
        stored = (key for key in _until(keys, last) if STORED_NAME.fullmatch(key.rpartition("/")[2]))
        return self._ask(lambda: list(islice(stored, limit)))


def _until(keys: Iterator[str], last: str) -> Iterator[str]:
    for key in keys:
        if key >= last:
            return
        yield key
