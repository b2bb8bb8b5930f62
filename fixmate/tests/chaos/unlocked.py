"""The web application without its locks, for the positive control of races over HTTP."""

from importlib import import_module

from fixmate.wsgi import application

# After the application, which sets Django up. The name keeps it open for as long as the process lives.
_off = import_module("fixmate.tests.chaos.seam").locks_off()
_off.__enter__()

__all__ = ["application"]
