"""Stolen passwords, in a file the operator supplies."""

import hashlib
import random

import pytest

from accounts import breached
from accounts.breached import is_breached
from accounts.models import User
from accounts.tests.helpers import REGISTRATION, error, post

pytestmark = pytest.mark.django_db


def hashes_of(*passwords: str) -> list[str]:
    return [hashlib.sha1(password.encode()).hexdigest().upper() for password in passwords]


@pytest.fixture
def breached_file(settings, tmp_path):
    """Return the call that writes the operator's file."""

    def write(lines: list[str], end: str = "\r\n") -> None:
        path = tmp_path / "pwned.txt"
        path.write_text(end.join(lines), newline="")
        settings.BREACHED_PASSWORDS_FILE = str(path)

    return write


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("has_counts", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3, 500])
def test_every_hash_in_the_file_is_found_and_no_other(end, has_counts, size, breached_file):
    draw = random.Random(size)
    named = [f"stolen {number}" for number in range(size)]
    counts = [f":{draw.randrange(10 ** draw.randrange(1, 9))}" if has_counts else "" for _ in named]
    breached_file([line + count for line, count in zip(sorted(hashes_of(*named)), counts, strict=True)], end)

    assert [name for name in named if not is_breached(name)] == []
    assert [number for number in range(500) if is_breached(f"mine {number}")] == []


def test_a_big_file_is_read_in_a_few_places(breached_file, monkeypatch):
    breached_file([f"{line}:7" for line in sorted(hashes_of(*(f"stolen {number}" for number in range(20_000))))])
    looks, look = [], breached._line_around
    monkeypatch.setattr(breached, "_line_around", lambda *where: looks.append(1) or look(*where))

    assert is_breached("stolen 12345") is True
    assert is_breached("correct horse battery") is False
    assert 2 <= len(looks) <= 2 * 20


def test_a_stolen_password_is_refused_and_the_refusal_says_what_to_do(breached_file):
    breached_file([f"{line}:3" for line in sorted(hashes_of("kvornbalq", "something else"))])

    answer = post("register", {**REGISTRATION, "password": "kvornbalq"})

    assert error(answer) == (400, "VALIDATION_ERROR")
    assert answer.json()["error"]["details"]["password"] == [
        "This password is in a list of stolen ones. If you use it elsewhere, change it there."
    ]
    assert User.objects.count() == 0


@pytest.mark.parametrize("content", ["", "\n", "x" * 1000, "\n" * 1000], ids=["empty", "no line", "no lines", "blank"])
def test_a_file_of_another_form_names_nothing(content, breached_file):
    breached_file([content])

    assert is_breached("kvornbalq") is False


def test_a_file_that_is_gone_keeps_nobody_out(settings, tmp_path):
    settings.BREACHED_PASSWORDS_FILE = str(tmp_path / "gone.txt")

    assert is_breached("kvornbalq") is False


def test_without_a_file_none_is_asked(settings):
    settings.BREACHED_PASSWORDS_FILE = ""

    assert is_breached("password1") is False
