"""With real, tiny processes: what is promised here is about processes, not about mocks."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from fixmate.ops import supervisor as supervising
from fixmate.ops.programs import PortNotFree, programs, require_free_port
from fixmate.ops.supervisor import Supervisor

PATIENCE_S = 20.0
SLEEPER = "import time; time.sleep(60)"
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's signal to orphans")


def _noting(path: Path, then: str) -> list[str]:
    """A program that notes its process id in the file, a line each time it starts."""
    code = f"import os; open({str(path)!r}, 'a').write(f'{{os.getpid()}}\\n')\n{then}"
    return [sys.executable, "-c", code]


def _pids(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False
    except OSError:
        return False


def _wait_until(condition, within_s=PATIENCE_S):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)
    return True


def _give_up_after(within_s=PATIENCE_S):
    deadline = time.monotonic() + within_s

    def overdue():
        assert time.monotonic() < deadline, "it never happened"
        return False

    return overdue


def test_supervisor_stops_all_children_when_told(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    overdue = _give_up_after()

    Supervisor({"one": _noting(one, SLEEPER), "two": _noting(two, SLEEPER)}).run(
        until=lambda: overdue() or bool(_pids(one) and _pids(two))
    )

    assert not any(_is_alive(pid) for pid in _pids(one) + _pids(two))


def test_supervisor_starts_a_dead_child_again_within_a_second(tmp_path):
    notes = tmp_path / "notes"
    overdue, killed_at = _give_up_after(), []

    def until():
        pids = _pids(notes)
        if len(pids) == 1 and not killed_at:
            os.kill(pids[0], signal.SIGKILL)
            killed_at.append(time.time())
        return overdue() or len(pids) > 1

    Supervisor({"child": _noting(notes, SLEEPER)}).run(until=until)

    assert notes.stat().st_mtime - killed_at[0] < 1.0


def test_supervisor_waits_longer_after_each_quick_death(tmp_path, monkeypatch):
    monkeypatch.setattr(supervising, "FIRST_DELAY_S", 0.05)
    notes = tmp_path / "notes"
    supervisor = Supervisor({"child": _noting(notes, "raise SystemExit(3)")})
    [child] = supervisor._children
    overdue, delays = _give_up_after(), {}

    def until():
        if child.process is None and child.quick_deaths:
            delays[child.quick_deaths] = child.start_at - time.monotonic()
        return overdue() or child.quick_deaths >= 4

    supervisor.run(until=until)

    assert len(_pids(notes)) == 4
    assert delays[4] > delays[1]
    assert delays[4] == pytest.approx(0.4, abs=0.15)


def test_supervisor_forgets_quick_deaths_of_a_child_that_settled(tmp_path, monkeypatch):
    monkeypatch.setattr(supervising, "SETTLED_AFTER_S", 0.0)
    notes = tmp_path / "notes"
    supervisor = Supervisor({"child": _noting(notes, "")})
    overdue = _give_up_after()

    supervisor.run(until=lambda: overdue() or len(_pids(notes)) >= 3)

    assert supervisor._children[0].quick_deaths == 0


def test_supervisor_kills_a_child_that_does_not_stop(tmp_path):
    notes = tmp_path / "notes"
    ready = tmp_path / "ready"
    code = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(ready)!r}, 'w').close()\n"
        "time.sleep(60)"
    )
    overdue = _give_up_after()

    Supervisor({"child": _noting(notes, code)}, stop_within_s=0.3).run(until=lambda: overdue() or ready.exists())

    assert not _is_alive(_pids(notes)[0])


def test_supervisor_ends_what_a_dead_child_has_left_behind(tmp_path):
    notes, grandchild = tmp_path / "notes", tmp_path / "grandchild"
    code = (
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', \"import os, time; open({str(grandchild)!r}, 'w')"
        '.write(str(os.getpid())); time.sleep(60)"])\n'
        f"while not os.path.exists({str(grandchild)!r}) or not open({str(grandchild)!r}).read(): time.sleep(0.02)\n"
    )
    overdue = _give_up_after()

    Supervisor({"child": _noting(notes, code)}).run(until=lambda: overdue() or len(_pids(notes)) > 1)

    _wait_until(lambda: not any(_is_alive(pid) for pid in _pids(grandchild)))


def test_supervisor_that_raises_stops_its_children(tmp_path):
    notes = tmp_path / "notes"

    def until():
        if _pids(notes):
            raise RuntimeError("out of order")
        return False

    with pytest.raises(RuntimeError):
        Supervisor({"child": _noting(notes, SLEEPER)}).run(until=until)

    assert not _is_alive(_pids(notes)[0])


@LINUX
def test_children_die_with_a_supervisor_that_was_killed(tmp_path):
    notes = tmp_path / "notes"
    code = (
        "from fixmate.ops.supervisor import Supervisor\n"
        f"Supervisor({{'child': {_noting(notes, SLEEPER)!r}}}).run(until=lambda: False)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _wait_until(lambda: bool(_pids(notes)))

    process.kill()
    process.wait()

    _wait_until(lambda: not _is_alive(_pids(notes)[0]), within_s=5)


# What is supervised


def test_programs_are_a_web_server_and_a_worker(settings):
    settings.HOST, settings.PORT = "127.0.0.1", 8123

    found = programs()

    assert list(found) == ["web", "work"]
    assert found["web"][:4] == [sys.executable, "-m", "granian", "--interface"]
    assert found["web"][found["web"].index("--port") + 1] == "8123"
    assert found["web"][-1] == "fixmate.wsgi:application"
    assert found["work"][-1] == "work"


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_require_free_port_lets_a_free_one_pass():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    require_free_port("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port", "text"),
    [
        ("192.0.2.1", 8000, "cannot be used"),
        ("127.0.0.1", 70_000, "there is no port 70000"),
    ],
)
def test_require_free_port_says_what_is_the_matter(host, port, text):
    with pytest.raises(PortNotFree, match=text):
        require_free_port(host, port)


def test_up_refuses_a_port_in_use_before_it_starts_anything(taken_port, settings, monkeypatch):
    settings.PORT = taken_port
    monkeypatch.setattr(Supervisor, "run", lambda *args, **kwargs: pytest.fail("something was started"))

    with pytest.raises(CommandError, match=f"port {taken_port} on 127.0.0.1 is in use"):
        call_command("up")


def test_up_stops_on_a_signal(settings, monkeypatch, tmp_path, capsys):
    notes = tmp_path / "notes"
    settings.PORT = _free_port()
    monkeypatch.setattr(
        "fixmate.ops.management.commands.up.programs",
        lambda: {
            "child": _noting(notes, f"import signal, time; os.kill({os.getpid()}, signal.SIGTERM); time.sleep(60)")
        },
    )
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    try:
        call_command("up")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

    assert not any(_is_alive(pid) for pid in _pids(notes))
    assert "has stopped" in capsys.readouterr().out


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
