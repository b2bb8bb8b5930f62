"""`make chaos`: every experiment in turn, a line for each, JSON in var/chaos/; exit code 1 if a gate did not hold."""

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

from fixmate.tests.chaos.catalogue import BY_ID, EXPERIMENTS, Experiment
from fixmate.tests.chaos.figures import Report
from fixmate.tests.chaos.ground import (
    DEFAULT_DATABASE_URL,
    ENVIRONMENT,
    ROOT,
    Server,
    inherited,
    migrate,
)

RESULTS = ROOT / "var" / "chaos"
SEEDS = 1_000_000
LIMIT_S = {True: 360.0, False: 5400.0}  # of one experiment, quick or not: what takes longer hangs
STOP_WITHIN_S = 90.0
SAMPLES_SHOWN = 5


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    seed = secrets.randbelow(SEEDS) if options.seed is None else options.seed
    chosen = [BY_ID[name] for name in options.only] or [it for it in EXPERIMENTS if it.is_quick or not options.quick]
    how = (" --quick" if options.quick else "") + (f" --only {' '.join(options.only)}" if options.only else "")
    _say(f'seed {seed}; replay with: make chaos ARGS="--seed {seed}{how}"')
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = Server(_postgresql_url())
    template = f"fixmate_chaos_{os.getpid()}_template"
    began = time.monotonic()
    reports = []
    try:
        _make_template(server, template)
        for experiment in chosen:
            reports.append(_run(experiment, server.url, template, seed=seed, is_quick=options.quick))
            _tell(reports[-1])
    finally:
        server.drop(template)
        server.drop(template.removesuffix("_template"))
    _keep(reports, seed=seed, is_quick=options.quick)
    failed = [it for it in reports if not (it.has_passed_in_the_end if options.lenient else it.has_passed)]
    _say(f"{len(reports) - len(failed)} of {len(reports)} passed in {time.monotonic() - began:.0f} s; seed {seed}")
    return 1 if failed else 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the subset and lengths that CI runs, about 6 minutes")
    parser.add_argument("--lenient", action="store_true", help="tell what came late, and do not fail for it")
    parser.add_argument("--only", nargs="+", default=[], metavar="ID", choices=sorted(BY_ID), help="these experiments")
    parser.add_argument("--seed", type=int, help="draw the same faults again")
    return parser.parse_args(arguments)


def _postgresql_url() -> str:
    """Return DATABASE_URL if it names PostgreSQL, else where a development machine has it."""
    url = os.environ.get("DATABASE_URL", "")
    return url if url.startswith("postgres") else DEFAULT_DATABASE_URL


def _make_template(server: Server, name: str) -> None:
    """Migrate once; each experiment gets a copy, which takes a fraction of the time."""
    url = server.create(name)
    folder = str(RESULTS / "template")
    migrate({**ENVIRONMENT, "FIXMATE_MODE": "embedded", "EMAIL_HOST": "", "DATABASE_URL": url, "VAR_DIR": folder})


def _run(experiment: Experiment, server_url: str, template: str, *, seed: int, is_quick: bool) -> Report:
    RESULTS.mkdir(parents=True, exist_ok=True)
    result, log = RESULTS / f"{experiment.id}.json", RESULTS / f"{experiment.id}.log"
    result.unlink(missing_ok=True)
    command = [sys.executable, "-m", "fixmate.tests.chaos.experiment", experiment.id, "--seed", str(seed)]
    where = ["--server", server_url, "--template", template, "--report", str(result)]
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *where, *(["--quick"] if is_quick else [])],
            cwd=ROOT,
            env=inherited(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    _wait(process, LIMIT_S[is_quick])
    if result.exists():
        return Report.from_json(json.loads(result.read_text(encoding="utf-8")))
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    title = f"{experiment.title}: gave no result, see {log.relative_to(ROOT)}"
    return Report(experiment.id, title, samples=last, seconds=time.monotonic() - began)


def _wait(process: "subprocess.Popen[bytes]", limit_s: float) -> None:
    """Wait for the experiment; past its limit, or when this run is broken off, have it clear up and go."""
    try:
        process.wait(limit_s)
    except (subprocess.TimeoutExpired, KeyboardInterrupt) as exc:
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
        if isinstance(exc, KeyboardInterrupt):
            raise


def _tell(report: Report) -> None:
    _say(report.line())
    for sample in report.samples[:SAMPLES_SHOWN]:
        _say(f"     {sample}")


def _keep(reports: list[Report], *, seed: int, is_quick: bool) -> None:
    at = datetime.now(UTC)
    content = {
        "at": at.isoformat(timespec="seconds"),
        "seed": seed,
        "is_quick": is_quick,
        "cores": os.cpu_count(),
        "experiments": [report.as_json() for report in reports],
    }
    path = RESULTS / f"chaos-{at:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")
    _say(f"written to {path.relative_to(ROOT)}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
