"""S3 over HTTP as tests need it: a real server, one that is silent, and one that is not there."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "fixmate-files"
KEYS = {"access_key": "test", "secret_key": "test"}
NOBODY_LISTENS = "http://127.0.0.1:1"


@contextmanager
def running() -> Iterator[str]:
    """Run the server with the bucket in it; yield its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    try:
        client(url).create_bucket(Bucket=BUCKET)
        yield url
    finally:
        server.stop()


@contextmanager
def silent() -> Iterator[str]:
    """Listen, and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def client(url: str):
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=KEYS["access_key"],
        aws_secret_access_key=KEYS["secret_key"],
    )


def storages(settings, url: str, *, bucket: str = BUCKET, timeout_s: float = 1) -> dict:
    """Return `STORAGES` with the files there."""
    options = {"bucket_name": bucket, "endpoint_url": url, "region_name": "us-east-1", "timeout_s": timeout_s, **KEYS}
    s3 = {"BACKEND": "fixmate.core.storage_s3.PrivateS3Storage", "OPTIONS": options}
    return {**settings.STORAGES, "default": s3}
