"""`Idempotency-Key`: the edge around an act, so that the act itself need not know of it."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any, Final

import structlog
from django.core.files.uploadedfile import UploadedFile
from django.db import Error, transaction
from django.http import HttpResponse, QueryDict
from django.utils.crypto import salted_hmac
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from fixmate.core.api.secrets import holds_secret
from fixmate.core.idempotency import Asked, Claim, StoredAnswer, claim_drop, claim_hold, claim_keep, claim_take
from fixmate.core.tallies import tallied_afterwards, tally

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
REPLAYS: Final = "idempotent_replays"  # the tally
NOBODY: Final = "nobody"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_REFUSAL_BYTES: Final = 16_384  # of a stored refusal: it may echo what the client sent, and nobody fills the table so
_UNDONE: Final = (status.HTTP_409_CONFLICT, status.HTTP_429_TOO_MANY_REQUESTS)
Handler = Callable[..., HttpResponse]
log = structlog.get_logger(__name__)


class _Undo(Exception):
    """Carries an answer out of a transaction that must not commit."""

    def __init__(self, response: Response) -> None:
        self.response = response


def key_of(request: Request) -> str | None:
    """Return the key a request names, or None.

    :raises ValidationError: if it is not one
    """
    key = request.headers.get(HEADER)
    if key is not None and not _KEY.fullmatch(key):
        raise ValidationError({HEADER: ["Give 1 to 255 visible ASCII characters."]})
    return key


def answered_once(
    handler: Handler, refused: Callable[[Exception], Response], make_ready: Callable[[], None]
) -> Handler:
    """Return the handler with the promise of the key around it.

    `refused` makes the answer of a refusal, and raises what is none. `make_ready` is called before the transaction that
    the handler runs in; what it refuses is an answer as any other.
    """

    def once(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        taken = claim_take(_asked(request))
        if isinstance(taken, StoredAnswer):
            tally(REPLAYS)
            return _replay(taken)
        with tallied_afterwards():
            refusal = _refusal_of(make_ready)

            def work() -> HttpResponse:
                if refusal:
                    raise refusal
                return handler(request, *args, **kwargs)

            return _worked(taken, work, refused)

    return once


def _refusal_of(make_ready: Callable[[], None]) -> Exception | None:
    try:
        make_ready()
    except Exception as exc:  # noqa: BLE001 - it is raised again, where its answer is made
        return exc
    return None


def _worked(claim: Claim, work: Callable[[], Any], refused: Callable[[Exception], Response]) -> HttpResponse:
    """Do the work and keep its answer, both or neither; give the key back where it is neither."""
    try:
        with transaction.atomic():
            claim_hold(claim)
            response = _answer_of(work, refused)
            stored = _stored(response)
            if stored:
                claim_keep(claim, stored)
            else:
                claim_drop(claim)  # the effect stands, and no answer of it may be kept
    except _Undo as undone:
        _given_back(claim)
        return undone.response
    except BaseException:
        _given_back(claim)
        raise
    return response


def _answer_of(work: Callable[[], Any], refused: Callable[[Exception], Response]) -> Response:
    """Return the answer, refusals included.

    :raises _Undo: around one that nothing may be left of
    """
    is_recorded = False
    try:
        response: Response = work()
    except Exception as exc:  # noqa: BLE001 - what is no refusal is raised again, by `refused`
        response = refused(exc)
        is_recorded = getattr(exc, "is_recorded", False)
    if not is_recorded and _is_undone(response.status_code):
        raise _Undo(response)
    return response


def _is_undone(code: int) -> bool:
    return code in _UNDONE or code >= status.HTTP_500_INTERNAL_SERVER_ERROR


def _given_back(claim: Claim) -> None:
    try:
        claim_drop(claim)
    except Error:  # it ends by itself: whoever comes after its time takes it over
        log.warning("idempotency.claim_left", exc_info=True)


def _stored(response: HttpResponse) -> StoredAnswer | None:
    """Return what to keep of an answer, if it may be kept: not one that says "later", or that carries a secret."""
    if not isinstance(response, Response) or _is_undone(response.status_code):
        return None
    body = b"" if response.data is None else JSONRenderer().render(response.data)
    if holds_secret(body) or (len(body) > _REFUSAL_BYTES and response.status_code >= status.HTTP_400_BAD_REQUEST):
        return None  # a refusal has no effect that a repetition could double
    headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
    return StoredAnswer(response.status_code, headers, body.decode())


def _replay(stored: StoredAnswer) -> HttpResponse:
    response = HttpResponse(stored.body, status=stored.status, headers=stored.headers, content_type="application/json")
    if not stored.body:
        del response["Content-Type"]
    response[REPLAYED] = "true"
    return response


# What makes a request the same


def _asked(request: Request) -> Asked:
    """Say what was asked. Of a body only a keyed digest is kept: passwords are in some."""
    digest = salted_hmac("core.idempotency", _text_of(request.data), algorithm="sha256").hexdigest()
    # A digest: a path may be as long as the client likes, and hold what no database takes.
    key, path = request.headers[HEADER], hashlib.sha256(request.path.encode(errors="surrogatepass")).hexdigest()
    if request.user and request.user.is_authenticated:
        return Asked(str(request.user.pk), key, path, digest)
    # Strangers may choose the same key: nobody is told of what another asked.
    scope = hashlib.sha256(f"{NOBODY} {path} {digest}".encode()).hexdigest()
    return Asked(scope, key, path, digest)


def _text_of(data: Any) -> str:
    """Return one text for bodies that mean the same, whatever their order, spaces or multipart boundary."""
    if isinstance(data, QueryDict):
        fields = [[name, [_part(value) for value in values]] for name, values in data.lists()]
        return json.dumps(["form", sorted(fields, key=lambda field: str(field[0]))])
    return json.dumps(["json", data], sort_keys=True)


def _part(value: Any) -> Any:
    return _file_digest(value) if isinstance(value, UploadedFile) else value


def _file_digest(file: UploadedFile) -> list[str]:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return ["file", str(file.name), str(file.content_type), digest.hexdigest()]
