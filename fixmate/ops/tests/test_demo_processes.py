"""What the demo starts, it stops; what it cannot do, it says in one line."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from fixmate.ops.demo.options import DemoError, server_environment
from fixmate.ops.demo.processes import Checked, Proof, Server, check_invariants, prove
from fixmate.ops.demo.stage import passwords

PARENT_OF_A_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""
STUBBORN = (
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)\n"
)


@pytest.fixture
def started(tmp_path):
    """Start a server whose `manage.py` is the given text; stop it whatever happens."""
    servers = []

    def start(text, environment=None):
        manage = tmp_path / "manage.py"
        manage.write_text(text)
        servers.append(Server(manage, environment or {}, tmp_path / "demo.log"))
        servers[0].start()
        return servers[0]

    yield start
    for server in servers:
        server.stop()


def said(server):
    """Return what the server has printed, as soon as it has."""
    for _ in range(200):
        text = server.log_path.read_text()
        if text.endswith("\n"):
            return text.strip()
        time.sleep(0.05)
    raise AssertionError("the server said nothing")


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_gone(pid):
    for _ in range(100):
        if not is_running(pid):
            return True
        time.sleep(0.05)
    return False


def test_server_stops_with_everything_it_started(started):
    server = started(PARENT_OF_A_CHILD)
    child = int(said(server))

    server.stop()

    assert is_gone(child)


def test_server_that_does_not_listen_is_stopped_by_force(started, monkeypatch):
    monkeypatch.setattr("fixmate.ops.demo.processes.STOP_WITHIN_S", 0.2)
    server = started(STUBBORN)
    said(server)
    pid = server._process.pid

    server.stop()
    server.stop()

    assert is_gone(pid)


def test_server_gets_the_settings_of_the_demo(started):
    environment = server_environment(8123)

    server = started("import os\nprint(os.environ['PORT'], os.environ['OFFER_TIMEOUT_S'])\n", environment)

    assert said(server) == "8123 4"


def test_server_reads_nothing_of_what_the_demo_sets_from_a_file(started, monkeypatch):
    monkeypatch.setenv("STRIPE_SECRET_KEY_FILE", "/run/secrets/stripe")
    monkeypatch.setenv("SECRET_KEY_FILE", "/run/secrets/key")
    tell = "import os\nprint([name for name in sorted(os.environ) if name.endswith('KEY_FILE')])\n"

    server = started(tell, server_environment(8123))

    assert said(server) == "['SECRET_KEY_FILE']"


def test_check_reads_nothing_of_what_the_demo_sets_from_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("STRIPE_API_URL_FILE", "/run/secrets/url")
    manage = tmp_path / "manage.py"
    manage.write_text("import os\nprint('STRIPE_API_URL_FILE' in os.environ, os.environ['STRIPE_API_URL'])\n")

    assert prove(manage, {"STRIPE_API_URL": "http://bank"}, "reconcile").said == "False http://bank"


def test_server_gets_what_is_known_only_after_it_was_made(tmp_path):
    manage, environment = tmp_path / "manage.py", {}
    manage.write_text("import os\nprint(os.environ['STRIPE_API_URL'])\n")
    server = Server(manage, environment, tmp_path / "demo.log")
    environment["STRIPE_API_URL"] = "http://bank"

    server.start()

    assert said(server) == "http://bank"
    server.stop()


def test_server_that_stops_by_itself_is_noticed_with_its_last_words(started):
    server = started("import sys\nsys.exit('no such table')\n")

    with pytest.raises(DemoError, match=r"exit code 1; see .*demo\.log: no such table$"):
        server.wait()


@pytest.mark.parametrize(
    ("text", "checked"),
    [
        (
            'print(\'{"checked": 2, "broken": 0, "invariants": [{"name": "a", "broken": 0}]}\')',
            Checked(checked=2, broken=0),
        ),
        (
            'print(\'{"checked": 2, "broken": 1, "invariants": [{"name": "a", "broken": 3}]}\'); raise SystemExit(1)',
            Checked(checked=2, broken=1, names=("a",)),
        ),
    ],
)
def test_check_invariants_reads_what_the_command_says(tmp_path, text, checked):
    manage = tmp_path / "manage.py"
    manage.write_text(text)

    assert check_invariants(manage, {}) == checked


def test_check_invariants_without_an_answer_is_refused(tmp_path):
    manage = tmp_path / "manage.py"
    manage.write_text("raise SystemExit('database is gone')")

    with pytest.raises(DemoError, match="check_invariants did not answer"):
        check_invariants(manage, {})


@pytest.mark.parametrize(
    ("text", "proof"),
    [
        ("print('one'); print('7 transactions')", Proof("prove_ledger", holds=True, said="7 transactions")),
        ("print('3 is off'); raise SystemExit(1)", Proof("prove_ledger", holds=False, said="3 is off")),
        ("raise SystemExit('gone')", Proof("prove_ledger", holds=False, said="gone")),
        ("", Proof("prove_ledger", holds=True, said="it said nothing")),
    ],
)
def test_proof_is_what_the_command_says_last(tmp_path, text, proof):
    manage = tmp_path / "manage.py"
    manage.write_text(text)

    assert prove(manage, {}, "prove_ledger") == proof


def test_passwords_are_made_once_and_kept_private(tmp_path, monkeypatch):
    monkeypatch.delenv("FIXMATE_STAFF_PASSWORD", raising=False)

    once, again = passwords(tmp_path), passwords(tmp_path)

    assert once == again
    assert once.staff == once.people
    assert (tmp_path / "demo_password").stat().st_mode & 0o777 == 0o600


def test_passwords_leave_a_given_staff_password_to_staff(tmp_path, monkeypatch):
    monkeypatch.setenv("FIXMATE_STAFF_PASSWORD", "of the operator")

    known = passwords(tmp_path)

    assert (known.staff, known.is_staff_given) == ("of the operator", True)
    assert known.people != known.staff


@pytest.fixture
def _signals():
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


# Refusals come before anything is written or started: no database is touched here.


@pytest.mark.usefixtures("_signals")
def test_demo_refuses_a_missing_file(tmp_path):
    with pytest.raises(CommandError, match=r"nowhere\.csv cannot be read"):
        call_command("demo", "--demand", str(tmp_path / "nowhere.csv"))


@pytest.mark.usefixtures("_signals")
def test_demo_refuses_a_port_in_use():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        with pytest.raises(CommandError, match=r"in use.*--port$"):
            call_command("demo", "--port", str(taken.getsockname()[1]))


@pytest.mark.usefixtures("_signals")
def test_demo_refuses_no_jobs():
    with pytest.raises(CommandError, match=r"^--jobs must be from 1"):
        call_command("demo", "--jobs", "0")


@pytest.mark.usefixtures("_signals")
def test_demo_refuses_production(settings):
    settings.IS_PRODUCTION = True

    with pytest.raises(CommandError, match="does not run in production"):
        call_command("demo")


def test_demo_says_a_refusal_in_one_line(tmp_path):
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "demo", "--demand", str(tmp_path / "nowhere.csv")]

    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "VAR_DIR": str(tmp_path)})

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.strip().splitlines() == [
        f"CommandError: {tmp_path / 'nowhere.csv'} cannot be read: no such file or directory"
    ]
