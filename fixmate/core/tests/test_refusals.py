from dataclasses import replace

import pytest

from fixmate.core.api.refusals import Login, Shape, codes_of, registry
from fixmate.core.errors import Conflict, NotFound

ALWAYS = {
    "400": ["MALFORMED_REQUEST"],
    "429": ["RATE_LIMITED"],
    "500": ["INTERNAL_ERROR"],
    "503": ["SERVICE_UNAVAILABLE"],
}
READING = Shape(
    login=Login.UNSEEN,
    is_write=False,
    has_body=False,
    has_parameters=False,
    names_a_thing=False,
    takes_key=False,
    is_negotiated=False,
)


class Taken(Conflict):
    code = "TAKEN"


@pytest.mark.parametrize(
    ("shape", "codes"),
    [
        ({}, {}),
        ({"login": Login.OPTIONAL}, {"401": ["TOKEN_INVALID"], "403": ["ACCOUNT_SUSPENDED"]}),
        (
            {"login": Login.REQUIRED},
            {
                "401": ["AUTHENTICATION_REQUIRED", "TOKEN_INVALID"],
                "403": ["ACCOUNT_SUSPENDED", "PERMISSION_DENIED"],
            },
        ),
        ({"has_parameters": True}, {"400": ["MALFORMED_REQUEST", "VALIDATION_ERROR"]}),
        ({"names_a_thing": True}, {"404": ["NOT_FOUND"]}),
        ({"is_negotiated": True}, {"406": ["NOT_ACCEPTABLE"]}),
        (
            {"is_write": True},
            {
                "400": ["MALFORMED_REQUEST", "VALIDATION_ERROR"],
                "409": ["CONFLICT", "ILLEGAL_TRANSITION", "STALE_STATE"],
            },
        ),
        (
            {"has_body": True},
            {
                "400": ["MALFORMED_REQUEST", "VALIDATION_ERROR"],
                "413": ["PAYLOAD_TOO_LARGE"],
                "415": ["UNSUPPORTED_MEDIA_TYPE"],
            },
        ),
        (
            {"takes_key": True},
            {
                "400": ["MALFORMED_REQUEST", "VALIDATION_ERROR"],
                "409": ["IDEMPOTENCY_IN_PROGRESS", "IDEMPOTENCY_KEY_REUSED"],
            },
        ),
        ({"own": (Taken, NotFound)}, {"404": ["NOT_FOUND"], "409": ["TAKEN"]}),
    ],
    ids=str,
)
def test_codes_follow_from_the_shape(shape, codes):
    assert codes_of(replace(READING, **shape)) == ALWAYS | codes


def test_registry_has_each_code_once_and_none_of_the_tests():
    codes = [known.code for known in registry()]

    assert sorted(set(codes)) == sorted(codes)
    assert {"VALIDATION_ERROR", "MALFORMED_REQUEST", "EMAIL_NOT_VERIFIED", "ILLEGAL_TRANSITION"} <= set(codes)
    assert Taken.code not in codes


def test_registry_says_what_the_details_are():
    by_code = {known.code: known for known in registry()}

    assert by_code["ILLEGAL_TRANSITION"].details == "state, action"
    assert by_code["CONFLICT"].details == ""
