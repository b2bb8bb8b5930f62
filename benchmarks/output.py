"""What a benchmark says on the way, and where its figures go."""

import json
import sys
from pathlib import Path
from typing import Any


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def write_figures(results: dict[str, Any], path: Path) -> None:
    """Keep the figures as JSON, and say where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=2) + "\n")
    say(f"{path} written")


def say_server(server: dict[str, Any]) -> None:
    say(f"PostgreSQL {server['version']}, shared_buffers {server['shared_buffers']}")
