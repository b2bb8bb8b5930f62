#!/usr/bin/env python
"""FixMate's command line: operators work through these commands, never through the database."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fixmate.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
