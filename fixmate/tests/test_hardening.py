"""What holds whatever a view does: nothing foreign is unpickled, nothing unsafe starts, nothing endless is read."""

import json
import os
import pickle
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
import redis
from celery import current_app
from django.conf import settings as present
from django.test import Client, override_settings
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads
from redis.exceptions import DataError

from fixmate.core.counters import GuardedRedisCache, PlainSerializer
from fixmate.core.tests import redis_server
from fixmate.tests.contract import lines_of
from fixmate.tests.test_settings import PRODUCTION

TEST_REDIS = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/7"
PICKLES = ["application/x-python-serialize", "application/x-yaml", "application/x-msgpack"]


class Evil:
    """Says so when it is unpickled."""

    def __reduce__(self):
        return _unpickled.append, (1,)


_unpickled: list[int] = []


@pytest.fixture(autouse=True)
def _nothing_unpickled():
    _unpickled.clear()
    yield
    assert _unpickled == []


# Deserialisation


def test_messages_and_results_are_json_alone():
    conf = current_app.conf

    assert (conf.accept_content, conf.task_serializer, conf.event_serializer) == (["json"], "json", "json")
    assert (conf.result_serializer, conf.result_accept_content) in {("json", None), ("json", ("json",))}
    assert "pickle" not in str(present.SESSION_SERIALIZER).lower()


@pytest.mark.parametrize("content_type", PICKLES)
def test_a_message_of_another_type_is_refused_by_what_workers_accept(content_type):
    with pytest.raises(ContentDisallowed):
        loads(pickle.dumps([Evil()]), content_type, "binary", accept=current_app.conf.accept_content)


@pytest.mark.parametrize("value", [0, 7, -1, True, None, "text", 1.5, [1, "a"], {"a": 1}])
def test_the_cache_gives_back_what_json_can_hold(value):
    assert PlainSerializer().loads(PlainSerializer().dumps(value)) == value


def test_a_count_is_written_as_redis_counts():
    assert PlainSerializer().dumps(7) == b"7"


@pytest.mark.parametrize("planted", [pickle.dumps(Evil()), b"\x80", b"", b"{", b"cos\nsystem\n(S'x'\ntR."])
def test_what_is_no_json_in_the_cache_is_refused_unread(planted):
    with pytest.raises(DataError):
        PlainSerializer().loads(planted)


@pytest.mark.redis
def test_a_pickle_planted_in_redis_is_not_unpickled():
    server = redis.Redis.from_url(TEST_REDIS)
    redis_server.need(server)
    cache = GuardedRedisCache(TEST_REDIS, {"OPTIONS": {"serializer": "fixmate.core.counters.PlainSerializer"}})
    server.set(cache.make_key("planted"), pickle.dumps(Evil()), ex=5)

    with pytest.raises(DataError):
        cache.get("planted")


def test_every_cache_on_redis_is_plain(tmp_path):
    told = _python("from django.conf import settings; print([one['OPTIONS']['serializer'] for one in "
                   "settings.CACHES.values()])", tmp_path)  # fmt: skip

    assert told.stdout.strip() == str(["fixmate.core.counters.PlainSerializer"] * 2)


# Misconfiguration


def _python(code: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run Python as in production, with other variables where they are given."""
    return _run("-c", code, folder=folder, **environment)


def _run(*command: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    told = {**PRODUCTION, "VAR_DIR": str(folder), "PATH": os.environ["PATH"], **environment}
    told.setdefault("DJANGO_SETTINGS_MODULE", "fixmate.settings")
    return subprocess.run(
        [sys.executable, *command], cwd=present.BASE_DIR, env=told, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "fault", [{"SECRET_KEY": ""}, {"SECRET_KEY": "changeme"}, {"DEBUG": "true"}, {"ALLOWED_HOSTS": "*"}], ids=str
)
def test_production_that_is_set_up_unsafely_ends_at_once(tmp_path, fault):
    ended = _run("manage.py", "work", folder=tmp_path, **fault)

    assert ended.returncode != 0
    assert "FIXMATE_MODE=production refuses to start" in ended.stderr


def test_the_deploy_check_of_production_has_nothing_to_say(tmp_path):
    """`PRODUCTION` has the shortest key that is let through; Django itself wants a longer one."""
    key = "k3y-" * 5 + "0123456789abcdefghijklmnopqrstuvwxyz"

    ended = _run("manage.py", "check", "--deploy", "--fail-level", "WARNING", folder=tmp_path, SECRET_KEY=key)

    assert (ended.returncode, ended.stderr.strip()) == (0, "")
    assert "no issues" in ended.stdout


@override_settings(SECURE_HSTS_SECONDS=31_536_000, SECURE_HSTS_INCLUDE_SUBDOMAINS=True, SECURE_HSTS_PRELOAD=True)
@pytest.mark.parametrize("path", ["/api/v1/nope", "/nope", "/admin/login/"])
def test_answers_over_https_ask_for_https_from_then_on(db, path):
    answer = Client().get(path, secure=True)

    assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"


@override_settings(SECURE_SSL_REDIRECT=True)
def test_answers_over_http_lead_to_https():
    answer = Client().get("/api/v1/services")

    assert (answer.status_code, answer["Location"]) == (301, "https://testserver/api/v1/services")


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "DEBUG", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/healthz", "/api/v1/jobs", "/api/v1/auth/login", "/admin/", "/nope"])
def test_methods_nobody_needs_are_refused_and_echo_nothing(method, path):
    answer = Client().generic(method, path, b"planted", HTTP_COOKIE="planted=1", HTTP_X_PLANTED="planted")

    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert b"planted" not in answer.content


# Inventory


def test_what_runs_is_pinned_and_nothing_else_is_imported():
    """The requirements are the bill of materials: every one is pinned to a version, and that version is installed."""
    lines = (present.BASE_DIR / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line.partition("#")[0].strip() for line in lines]
    pins = dict(pin.partition(";")[0].strip().split("==") for pin in wanted if pin and not pin.startswith("-"))
    installed = {one.metadata["Name"].lower().replace("_", "-"): one.version for one in distributions()}

    wrong = [
        (name, version)
        for name, version in pins.items()
        if installed.get(name.partition("[")[0].lower().replace("_", "-")) != version
    ]
    assert len(pins) > 10
    assert wrong == []


def test_the_contract_reads_a_document_of_its_own(tmp_path):
    document = {"paths": {"/a": {"get": {"operationId": "a", "responses": {"200": {}, "404": {}}}}}}

    assert lines_of(document) == ["GET /a", "  id a", "  answers 200", "  refuses 404"]
    assert json.dumps(document)
