"""The document as schemathesis has it, with the application behind it."""

import os
from copy import deepcopy

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from fixmate.tests.conformance.formats import register_formats
from fixmate.tests.conformance.watch import CONTRACT
from fixmate.wsgi import application

EXAMPLES = int(os.environ.get("EXAMPLES", "3"))
QUIET = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
_PHASES = ("examples", "coverage", "fuzzing", "stateful")
register_formats()


def schema_for(phases, examples):
    return _schema(phases, CONTRACT.document, {"max-examples": examples})


def walking_schema(document):
    """Return what is walked through: right requests alone, along the links that are declared."""
    return _schema({"stateful"}, document, {"mode": "positive"})


def _schema(phases, document, how):
    wanted = {phase: {"enabled": phase in phases} for phase in _PHASES}
    wanted["stateful"]["inference"] = {"algorithms": []}
    generation = {"deterministic": True, "no-shrink": True, **how}
    analysis = {"constants": {"enabled": False}}  # words of the source that fit no format
    config = SchemathesisConfig.from_dict({"phases": wanted, "generation": generation, "analysis": analysis})
    schema = schemathesis.openapi.from_dict(deepcopy(document), config=config)
    schema.app = _answered
    return schema


def _answered(environ, start_response):
    """Call the application, and close what it answers with, files above all."""
    answer = application(environ, start_response)
    try:
        return [b"".join(answer)]
    finally:
        answer.close()
