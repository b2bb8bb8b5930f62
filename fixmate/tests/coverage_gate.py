"""The coverage floors, read from coverage.py's JSON: `python -m fixmate.tests.coverage_gate var/coverage.json`.

80 % over everything, and every line and branch of services, selectors, models and core: where a mistake loses money
or an offer.
"""

import json
import sys
from pathlib import Path
from typing import Any

OVERALL_FLOOR = 80.0
WHOLE_FOLDER = "fixmate/core/"
WHOLE_PARTS = {"services", "selectors", "models"}


def is_held_whole(path: str) -> bool:
    """Say whether every line and branch of the file must be covered."""
    parts = Path(path).with_suffix("").parts
    return path.startswith(WHOLE_FOLDER) or not WHOLE_PARTS.isdisjoint(parts)


def faults(report: dict[str, Any]) -> list[str]:
    """Return one line for each floor that does not hold."""
    found = [
        f"{path}: {_missing(measured)}"
        for path, measured in sorted(report["files"].items())
        if is_held_whole(path) and _missing(measured)
    ]
    for what, percent in _overall(report["totals"]).items():
        if percent < OVERALL_FLOOR:
            found.append(f"overall: {percent:.1f} % of {what}, the floor is {OVERALL_FLOOR:.0f} %")
    return found


def _missing(measured: dict[str, Any]) -> str:
    lines = ", ".join(map(str, measured["missing_lines"]))
    branches = ", ".join(f"{start}->{end}" for start, end in measured["missing_branches"])
    return "; ".join(part for part in (lines and f"lines {lines}", branches and f"branches {branches}") if part)


def _overall(totals: dict[str, int]) -> dict[str, float]:
    return {
        kind: 100 * totals[covered] / totals[whole] if totals[whole] else 0.0
        for kind, covered, whole in (
            ("lines", "covered_lines", "num_statements"),
            ("branches", "covered_branches", "num_branches"),
        )
    }


def main(path: str) -> int:
    report = json.loads(Path(path).read_text(encoding="utf-8"))
    found = faults(report)
    for fault in found:
        sys.stdout.write(f"not covered  {fault}\n")
    whole = sum(map(is_held_whole, report["files"]))
    shares = ", ".join(f"{percent:.1f} % of {what}" for what, percent in _overall(report["totals"]).items())
    sys.stdout.write(f"coverage: {shares}; {len(found)} floors broken; {whole} files held whole\n")
    return 1 if found or not whole else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
