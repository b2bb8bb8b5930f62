"""What a benchmark is told on the command line."""

import argparse
from pathlib import Path
from typing import Any


def options_of(doc: str | None, out: str, **each: tuple[Any, str]) -> argparse.Namespace:
    """Read them, each by its default and what it means, and where the figures go. False is the default of a flag."""
    parser = argparse.ArgumentParser(description=doc)
    for name, (default, meaning) in {**each, "json": (Path(out), "where the figures go")}.items():
        how = {"action": "store_true"} if default is False else {"default": default, "type": type(default)}
        parser.add_argument(f"--{name.replace('_', '-')}", help=meaning, **how)
    return parser.parse_args()
