"""Redis in front of the codes: it spares the database, and its loss changes nothing."""

import pytest
from django.core.cache import cache
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway

from accounts.enums import CodePurpose, UserStatus
from accounts.errors import CodeInvalid, InvalidCredentials
from accounts.models import CodeChallenge
from accounts.services import address_confirm, code_request, session_open_by_code, spent, user_verify
from accounts.tests.factories import UserFactory
from accounts.tests.helpers import wrong
from fixmate.core.ids import uuid7
from fixmate.core.tests import redis_server

pytestmark = pytest.mark.django_db(transaction=True)
EMAIL = "ada@example.com"


@pytest.fixture
def redis(settings):
    if not settings.REDIS_URL:
        pytest.skip("the run names no Redis: the embedded form does without")
    redis_server.need(Redis.from_url(settings.REDIS_URL))
    cache.clear()


@pytest.fixture
def pending():
    return UserFactory(email=EMAIL, status=UserStatus.PENDING, verified_at=None)


def guess(code: str, email: str = EMAIL) -> None:
    with pytest.raises(CodeInvalid):
        user_verify(email=email, code=code)


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
def test_after_the_last_try_no_guess_reaches_the_database(
    redis, pending, mailed_code, email, django_assert_num_queries
):
    code_request(email=EMAIL)
    code = mailed_code()
    for _ in range(3):
        guess(wrong(code), email)

    with django_assert_num_queries(0):
        guess(wrong(code), email)


def test_a_new_code_can_be_tried(redis, pending, mailed_code):
    code_request(email=EMAIL)
    code = mailed_code()
    for _ in range(4):
        guess(wrong(code))
    code_request(email=EMAIL)

    user = user_verify(email=EMAIL, code=mailed_code())

    assert user.status == UserStatus.ACTIVE


def test_without_its_entry_the_rows_refuse(redis, pending, mailed_code):
    code_request(email=EMAIL)
    code = mailed_code()
    for _ in range(3):
        guess(wrong(code))
    cache.clear()

    guess(code)

    assert CodeChallenge.objects.get().tries == 3


def test_a_redis_that_is_away_refuses_nobody(pending, mailed_code, settings, monkeypatch):
    def away(*_args, **_kwargs):
        raise RedisAway

    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    for name in ("get", "set", "add", "incr"):
        monkeypatch.setattr(spent.cache, name, away)
    code_request(email=EMAIL)
    code = mailed_code()
    guess(wrong(code))

    assert user_verify(email=EMAIL, code=code).status == UserStatus.ACTIVE


def test_each_purpose_and_address_is_counted_by_itself(redis, settings):
    for _ in range(settings.CODE_TRIES):
        spent.note_refused(CodePurpose.LOGIN, EMAIL)

    assert spent.is_spent(CodePurpose.LOGIN, EMAIL)
    assert not spent.is_spent(CodePurpose.RESET, EMAIL)
    assert not spent.is_spent(CodePurpose.LOGIN, "eve@example.com")
    spent.forget(CodePurpose.LOGIN, EMAIL, uuid7())
    assert not spent.is_spent(CodePurpose.LOGIN, EMAIL)


def test_embedded_there_is_no_cache_in_front(settings):
    settings.REDIS_URL = ""
    for _ in range(settings.CODE_TRIES):
        spent.note_refused(CodePurpose.LOGIN, EMAIL)
    spent.forget(CodePurpose.LOGIN, EMAIL, uuid7())

    assert not spent.is_spent(CodePurpose.LOGIN, EMAIL)


@pytest.mark.parametrize(
    ("purpose", "use", "refusal"),
    [
        (CodePurpose.LOGIN, lambda user: session_open_by_code(email=EMAIL, code="123456"), InvalidCredentials),
        (CodePurpose.CHANGE, lambda user: address_confirm(user_id=user.pk, email=EMAIL, code="123456"), CodeInvalid),
    ],
    ids=["LOGIN", "CHANGE"],
)
def test_every_door_asks_in_front(redis, settings, purpose, use, refusal, django_assert_num_queries):
    user = UserFactory()
    for _ in range(settings.CODE_TRIES):
        spent.note_refused(purpose, EMAIL, user_id=user.pk if purpose == CodePurpose.CHANGE else None)

    with django_assert_num_queries(0), pytest.raises(refusal):
        use(user)


@pytest.mark.parametrize("error", [RedisAway("away"), ValueError("it ended between the two")])
def test_a_guess_that_cannot_be_counted_is_no_error(settings, monkeypatch, error):
    settings.REDIS_URL = "redis://nowhere.example"
    counted = []

    class Going:
        def get(self, key, default=None):
            return default

        def add(self, key, value, timeout):
            return False

        def incr(self, key):
            counted.append(key)
            raise error

    monkeypatch.setattr(spent, "cache", Going())

    spent.note_refused(CodePurpose.VERIFY, EMAIL)

    assert len(counted) == 1
