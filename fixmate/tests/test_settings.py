"""The settings under many environments: each reading runs the package anew, with that environment alone."""

import importlib
import json
import os
import stat
import subprocess
import sys

import pytest
from celery import current_app
from django.conf import settings as present
from django.core.exceptions import ImproperlyConfigured

import fixmate
from fixmate.core import sweeps

NAME = "fixmate.settings"
PRODUCTION = {
    "FIXMATE_MODE": "production",
    "SECRET_KEY": "k" * 32,
    "DATABASE_URL": "postgres://fixmate@db.example/fixmate",
    "REDIS_URL": "redis://redis.example/0",
    "EMAIL_HOST": "smtp.example",
    "ALLOWED_HOSTS": "api.example",
}


STRIPE = {
    "STRIPE_SECRET_KEY": "sk_live_1",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_1",
    "STRIPE_WEBHOOK_SECRETS": "whsec_ours,whsec_connect",
}


def read_anew():
    """Run the package as at a start, and put back what the process had imported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fixmate, "settings", None)  # an import sets it, and undoing sets it back
        for module in [module for module in sys.modules if module == NAME or module.startswith(NAME + ".")]:
            patch.delitem(sys.modules, module)
        return dict(vars(importlib.import_module(NAME)))


@pytest.fixture
def read(monkeypatch, tmp_path):
    """Return the call that reads the settings under an environment."""

    def read_under(**environment):
        monkeypatch.setattr(os, "environ", {"VAR_DIR": str(tmp_path / "var")} | environment)
        return read_anew()

    yield read_under
    monkeypatch.undo()
    read_anew()  # what is configured for the process is as it was


# Production


def test_production_starts_with_everything_named(read):
    found = read(**PRODUCTION)

    assert found["IS_PRODUCTION"] is True
    assert found["SESSION_COOKIE_SECURE"] is True
    assert found["CSRF_COOKIE_SECURE"] is True
    assert found["SECURE_HSTS_SECONDS"] == 31_536_000
    assert found["CELERY_BROKER_URL"] == "redis://redis.example/0"
    assert found["EMAIL_BACKEND"].endswith("smtp.EmailBackend")
    assert found["CACHES"]["ratelimit"]["LOCATION"] == "redis://redis.example/0"


def test_production_starts_with_all_of_stripe(read):
    found = read(**PRODUCTION, **STRIPE, PAYOUT_ACCOUNT_URL="https://app.example/paid")

    assert found["PAYMENT_PROVIDER"] == "stripe"
    assert found["STRIPE_WEBHOOK_SECRETS"] == ["whsec_ours", "whsec_connect"]


def test_embedded_form_asks_whom_it_is_told_to(read):
    found = read(STRIPE_SECRET_KEY="sk_test_1", STRIPE_API_URL="http://127.0.0.1:8420")

    assert found["PAYMENT_PROVIDER"] == "stripe"


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY must be set"),
        ({"SECRET_KEY": "k" * 31}, "SECRET_KEY must be set"),
        ({"DEBUG": "true"}, "DEBUG must be off"),
        ({"DATABASE_URL": "sqlite:////tmp/x.sqlite3"}, "DATABASE_URL must name PostgreSQL"),
        ({"REDIS_URL": ""}, "REDIS_URL must be set"),
        ({"CELERY_TASK_ALWAYS_EAGER": "true"}, "CELERY_TASK_ALWAYS_EAGER must be off"),
        ({"EMAIL_HOST": ""}, "EMAIL_HOST must name an SMTP server"),
        ({"SMS_BACKEND": "file"}, "SMS_BACKEND must not be file"),
        (
            {"SMS_BACKEND": "twilio", "TWILIO_ACCOUNT_SID": "AC1", "SMS_FROM": "+12025550100"},
            "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and SMS_FROM must be set",
        ),
        ({"APPLE_KEYS_URL": "http://appleid.apple.com/auth/keys"}, "APPLE_KEYS_URL must begin with https://"),
        (STRIPE | {"STRIPE_WEBHOOK_SECRETS": ""}, "STRIPE_WEBHOOK_SECRETS must be set beside STRIPE_SECRET_KEY"),
        (STRIPE | {"STRIPE_PUBLISHABLE_KEY": ""}, "STRIPE_PUBLISHABLE_KEY must be set beside STRIPE_SECRET_KEY"),
        (STRIPE | {"STRIPE_API_URL": "http://bank.example"}, "STRIPE_API_URL must begin with https://"),
        ({"PAYOUT_ACCOUNT_URL": "http://app.example/paid"}, "PAYOUT_ACCOUNT_URL must begin with https://"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS must name the hosts"),
        ({"ALLOWED_HOSTS": "api.example,*"}, "ALLOWED_HOSTS must name the hosts"),
    ],
)
def test_production_refuses_what_leans_on_an_embedded_part(read, fault, text):
    with pytest.raises(ImproperlyConfigured, match=text) as refused:
        read(**PRODUCTION | fault)

    assert str(refused.value).count(" must ") == 1


def test_production_names_every_fault_at_once(read):
    with pytest.raises(ImproperlyConfigured) as refused:
        read(FIXMATE_MODE="production")

    faults = str(refused.value)
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_HOST", "ALLOWED_HOSTS"):
        assert name in faults


@pytest.mark.parametrize("module", ["fixmate.wsgi", "fixmate.asgi"])
def test_production_refuses_to_start_a_server(module, tmp_path):
    """System checks do not run under WSGI: the import itself must fail."""
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "FIXMATE_MODE": "production"}

    ended = subprocess.run(
        [sys.executable, "-c", f"import {module}"],
        cwd=present.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode != 0
    assert "FIXMATE_MODE=production refuses to start" in ended.stderr


def test_production_warns_of_a_test_key_and_starts_all_the_same(tmp_path):
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path)}
    rehearsal = PRODUCTION | STRIPE | {"STRIPE_SECRET_KEY": "sk_test_1"}

    ended = subprocess.run(
        [sys.executable, "manage.py", "check", "--tag", "payments"],
        cwd=present.BASE_DIR,
        env=environment | rehearsal,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0
    assert "payments.W001" in ended.stderr


def test_production_makes_no_secret_key(read, tmp_path):
    with pytest.raises(ImproperlyConfigured):
        read(**PRODUCTION | {"SECRET_KEY": ""})

    assert not (tmp_path / "var" / "secret_key").exists()


def test_health_is_not_redirected_to_https(read):
    assert read(**PRODUCTION)["SECURE_REDIRECT_EXEMPT"] == [r"^healthz$", r"^health$", r"^readyz$", r"^metrics$"]


@pytest.mark.parametrize(("proxies", "is_trusted"), [("0", False), ("1", True)])
def test_header_of_a_proxy_is_believed_only_behind_one(read, proxies, is_trusted):
    assert ("SECURE_PROXY_SSL_HEADER" in read(**PRODUCTION, TRUSTED_PROXY_COUNT=proxies)) is is_trusted


# The embedded default


def test_embedded_needs_nothing(read, tmp_path):
    found = read()

    assert found["FIXMATE_MODE"] == "embedded"
    assert found["DEBUG"] is False
    assert (found["HOST"], found["PORT"]) == ("127.0.0.1", 8000)
    assert found["IS_SQLITE"] is True
    assert found["DATABASES"]["default"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert found["EMAIL_BACKEND"].endswith("filebased.EmailBackend")
    assert str(found["DATABASES"]["default"]["NAME"]).startswith(str(tmp_path / "var"))


def test_embedded_makes_a_secret_key_once_and_keeps_it_to_itself(read, tmp_path):
    first, second = read()["SECRET_KEY"], read()["SECRET_KEY"]

    assert first == second
    assert len(first) >= 32
    assert stat.S_IMODE((tmp_path / "var" / "secret_key").stat().st_mode) == 0o600


def test_postgresql_has_a_pool_and_health_checks(read):
    database = read(DATABASE_URL="postgres://fixmate@db.example/fixmate", DATABASE_POOL_SIZE="5")["DATABASES"][
        "default"
    ]

    assert database["CONN_HEALTH_CHECKS"] is True
    assert database["OPTIONS"]["pool"]["max_size"] == 5


# Strict readers


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FIXMATE_MODE", "prod"),
        ("DEBUG", "yes"),
        ("DEBUG", "True"),
        ("DEBUG", ""),
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "8000.5"),
        ("DEFAULT_FEE_RATE", "15%"),
        ("DEFAULT_FEE_RATE", "1.5"),
        ("DEFAULT_FEE_RATE", "NaN"),
        ("OFFER_TIMEOUT_S", "-1"),
        ("LOG_LEVEL", "LOUD"),
        ("SECRET_KEY_FILE", "/nowhere/at/all"),
        ("NEWS_LANGUAGE", "xx"),
        ("NEWS_LANGUAGE", "en_GB"),
        ("APP_URL", "app.example"),
        ("APP_URL", "http://app.example"),
        ("DEFAULT_FROM_EMAIL", "FixMate"),
        ("SUPPORT_EMAIL", "the support"),
    ],
)
def test_value_that_makes_no_sense_stops_the_start_and_is_named(read, variable, value):
    with pytest.raises(ImproperlyConfigured, match=variable):
        read(**{variable: value})


def test_secret_is_read_from_a_file(read, tmp_path):
    file = tmp_path / "secret"
    file.write_text("s" * 40 + "\n")

    assert read(**PRODUCTION | {"SECRET_KEY_FILE": str(file)})["SECRET_KEY"] == "s" * 40


# What holds in every environment


def test_serializers_of_messages_are_json_alone():
    assert present.CELERY_ACCEPT_CONTENT == ["json"]
    assert present.CELERY_TASK_SERIALIZER == "json"


def test_lease_outlives_the_longest_task():
    assert present.OUTBOX_LEASE_S > present.CELERY_TASK_TIME_LIMIT > present.CELERY_TASK_SOFT_TIME_LIMIT


def test_beat_is_a_second_trigger_of_every_sweep():
    schedule = current_app.conf.beat_schedule

    assert set(sweeps.registered()) == set(schedule)
    assert set(schedule) >= {"matching.expire_offers", "notifications.send_pending", "core.purge_outbox"}
    for name, every in sweeps.registered().items():
        entry = schedule[name]
        assert (entry["task"], entry["schedule"]) == (name, every.total_seconds())
        assert entry["options"]["expires"] == every.total_seconds()
        assert name in current_app.tasks


# Files


def test_files_are_on_disk_unless_a_bucket_is_named(read):
    assert read()["STORAGES"]["default"] == {"BACKEND": "fixmate.core.storage.PrivateDiskStorage"}
    found = read(FILES_STORAGE="s3", S3_BUCKET="b", S3_ENDPOINT_URL="https://s3.example", S3_TIMEOUT_S="7")
    assert found["STORAGES"]["default"] == {
        "BACKEND": "fixmate.core.storage_s3.PrivateS3Storage",
        "OPTIONS": {
            "bucket_name": "b",
            "endpoint_url": "https://s3.example",
            "region_name": "us-east-1",
            "access_key": None,
            "secret_key": None,
            "timeout_s": 7,
        },
    }


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({"FILES_STORAGE": "s3"}, "needs S3_BUCKET"),
        ({"FILES_STORAGE": "S3"}, "FILES_STORAGE must be one of local, s3"),
        ({"FILES_DOWNLOAD": "yes"}, "FILES_DOWNLOAD must be one of stream, link"),
        ({"S3_ACCESS_KEY_ID": "k"}, "given together"),
        ({"S3_SECRET_ACCESS_KEY": "k"}, "given together"),
        ({"S3_TIMEOUT_S": "0"}, "S3_TIMEOUT_S must be at least 1"),
    ],
)
def test_half_a_bucket_is_refused(read, fault, text):
    with pytest.raises(ImproperlyConfigured, match=text):
        read(**fault)


# The edge


def test_a_trusted_proxy_is_a_network(read):
    assert read(TRUSTED_PROXIES="10.0.0.0/8, ::1")["TRUSTED_PROXIES"] == ["10.0.0.0/8", "::1/128"]
    with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXIES"):
        read(TRUSTED_PROXIES="10.0.0.1/8")


# Passwords and providers


@pytest.mark.parametrize("content", [None, "", "password1\n", "A" * 39 + ":1\n", "a" * 41])
def test_a_file_of_stolen_passwords_must_be_one(content, read, tmp_path):
    path = tmp_path / "pwned.txt"
    if content is not None:
        path.write_text(content)

    with pytest.raises(ImproperlyConfigured, match="BREACHED_PASSWORDS_FILE"):
        read(BREACHED_PASSWORDS_FILE=str(path))


def test_a_file_of_stolen_passwords_is_named_as_it_is(read, tmp_path):
    path = tmp_path / "pwned.txt"
    path.write_text("A" * 40 + ":12\r\n")

    assert read(BREACHED_PASSWORDS_FILE=str(path))["BREACHED_PASSWORDS_FILE"] == str(path)
    assert read()["BREACHED_PASSWORDS_FILE"] == ""


@pytest.mark.parametrize("rounds", ["3", "17"])
def test_rounds_of_bcrypt_are_possible_ones(rounds, read):
    with pytest.raises(ImproperlyConfigured, match="LEGACY_BCRYPT_ROUNDS"):
        read(LEGACY_BCRYPT_ROUNDS=rounds)


def test_providers_are_off_until_their_apps_are_named(read):
    assert read()["GOOGLE_CLIENT_IDS"] == read()["APPLE_CLIENT_IDS"] == []
    assert read(APPLE_CLIENT_IDS="com.fixmate.app, com.fixmate.web")["APPLE_CLIENT_IDS"] == [
        "com.fixmate.app",
        "com.fixmate.web",
    ]


@pytest.mark.parametrize("document", ["{}", "nonsense", '{"keys": []}', "[]"])
def test_keys_given_must_be_a_key_set(document, read):
    with pytest.raises(ImproperlyConfigured, match="GOOGLE_KEYS"):
        read(GOOGLE_KEYS=document)


def test_keys_may_stand_in_a_file(read, tmp_path):
    path = tmp_path / "keys.json"
    point = {"x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
    path.write_text(json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "kid": "a", **point}]}))

    assert read(APPLE_KEYS_FILE=str(path))["APPLE_KEYS"] == path.read_text()
