from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured

from fixmate.core.env import env, env_bool, env_choice, env_decimal, env_int, env_list

NAME = "FIXMATE_TEST_VALUE"


@pytest.fixture
def give(monkeypatch):
    monkeypatch.delenv(NAME, raising=False)
    monkeypatch.delenv(f"{NAME}_FILE", raising=False)
    return lambda value: monkeypatch.setenv(NAME, value)


def test_env_is_the_variable_or_the_default(give):
    assert (env(NAME), env(NAME, "default")) == ("", "default")

    give("given")

    assert env(NAME, "default") == "given"


def test_env_prefers_the_file_that_holds_a_secret(give, monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("from the file\n")
    give("from the variable")
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "secret"))

    assert env(NAME) == "from the file"


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_env_with_a_file_that_cannot_be_read_stops_the_start(give, monkeypatch, tmp_path, content):
    if content:
        (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "secret"))

    with pytest.raises(ImproperlyConfigured, match=f"{NAME}_FILE cannot be read"):
        env(NAME)


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("false", False), (None, True)])
def test_env_bool(give, value, expected):
    if value:
        give(value)

    assert env_bool(NAME, default=True) is expected
    assert env_bool(f"{NAME}_OTHER", default=False) is False


@pytest.mark.parametrize("value", ["yes", "1", "True", "", " true"])
def test_env_bool_guesses_nothing(give, value):
    give(value)

    with pytest.raises(ImproperlyConfigured, match="must be 'true' or 'false'"):
        env_bool(NAME, default=False)


def test_env_int(give):
    assert env_int(NAME, 7) == 7

    give("8")

    assert env_int(NAME, 7) == 8


@pytest.mark.parametrize("value", ["", "8.0", "eight", "-1", "0"])
def test_env_int_refuses_what_is_no_number_or_too_small(give, value):
    give(value)

    with pytest.raises(ImproperlyConfigured, match=NAME):
        env_int(NAME, 7, minimum=1)


def test_env_decimal(give):
    assert env_decimal(NAME, "0.15") == Decimal("0.15")

    give("1")

    assert env_decimal(NAME, "0.15", maximum="1") == 1


@pytest.mark.parametrize("value", ["", "a lot", "-0.01", "1.01", "NaN", "sNaN", "Infinity"])
def test_env_decimal_refuses_what_is_no_number_or_out_of_range(give, value):
    give(value)

    with pytest.raises(ImproperlyConfigured, match=NAME):
        env_decimal(NAME, "0.15", maximum="1")


@pytest.mark.parametrize(("value", "expected"), [("a, b,,c ", ["a", "b", "c"]), ("", []), (None, ["x", "y"])])
def test_env_list(give, value, expected):
    if value is not None:
        give(value)

    assert env_list(NAME, "x,y") == expected


def test_env_choice(give):
    assert env_choice(NAME, "a", ("a", "b")) == "a"

    give("c")

    with pytest.raises(ImproperlyConfigured, match="must be one of a, b, not 'c'"):
        env_choice(NAME, "a", ("a", "b"))
