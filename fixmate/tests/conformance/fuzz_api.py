"""The API against its document, by schemathesis: examples, boundaries, made-up requests.

A plain run of the tests does not collect it; `.ci/run` runs it, and `make fuzz`, deeper with EXAMPLES=50.
Every request is undone after its answer, so that each finds the same world: what fails once fails again.
"""

import pytest

from fixmate.tests.conformance.loading import EXAMPLES, QUIET, schema_for
from fixmate.tests.conformance.sending import ACTORS, ask, gets_furthest
from fixmate.tests.matrix.conftest import built, world  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_connection")]
_DEEP, _SHALLOW = schema_for({"examples", "coverage", "fuzzing"}, EXAMPLES), schema_for({"fuzzing"}, 2)


def _test_of(actor, schema):
    @schema.parametrize()
    @QUIET
    def test(case, world):  # noqa: F811
        ask(case, world, actor)

    return test


for _actor in ACTORS:
    _own = _DEEP.include(lambda context, actor=_actor: gets_furthest(context.operation, actor))
    _others = _SHALLOW.include(lambda context, actor=_actor: not gets_furthest(context.operation, actor))
    globals()[f"test_{_actor}"] = _test_of(_actor, _own)
    globals()[f"test_{_actor}_elsewhere"] = _test_of(_actor, _others)
