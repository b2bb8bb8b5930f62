"""The API against its document, step by step: what one answer gives goes into the next request, as its links say.

A walk keeps to the operations of one tag, so that it comes back to what it made. It begins in the world of the matrix,
and all its steps are undone together. What was made must be there, what was deleted must be gone, and each step is held
to the document as every request is.
"""

from copy import deepcopy

import pytest
from hypothesis import Phase, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.openapi.checks import UseAfterFree
from schemathesis.specs.openapi.checks import ignored_auth, use_after_free

from catalog.api.views import ServiceViewSet
from catalog.selectors import service_list_all
from fixmate.tests.conformance.exceptions import excluded_checks
from fixmate.tests.conformance.loading import EXAMPLES, QUIET, walking_schema
from fixmate.tests.conformance.sending import ACTORS, ANONYMOUS, STAFF, gets_furthest, headers_of, refer, row_of
from fixmate.tests.conformance.watch import CONTRACT
from fixmate.tests.matrix.conftest import built, world  # noqa: F401
from fixmate.tests.matrix.rules import RULES
from fixmate.tests.matrix.world import undone

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_connection")]
STEPS = 10
WALKS = settings(QUIET, max_examples=EXAMPLES, stateful_step_count=STEPS, phases=[Phase.generate])
_LEFT_OUT = ("If-None-Match", "Idempotency-Key", "cursor")


def _plain_document():
    """Return the document with such parameters left out as every operation has.

    A thing that was just made has to be there only where the links of a request name all its parameters.
    """
    document = deepcopy(CONTRACT.document)
    for item in document["paths"].values():
        for operation in item.values():
            parameters = operation.get("parameters", ())
            operation["parameters"] = [one for one in parameters if one["name"] not in _LEFT_OUT]
    return document


SCHEMA = walking_schema(_plain_document())


def _may_walk(operation, actor, tag):
    row = row_of(operation)
    return operation.tags == [tag] and row.lets_in(actor) and (actor == ANONYMOUS or row.rule is not RULES["open"])


def _walks():
    """Return who walks under which tag: whoever gets furthest with an act there, where links lead on."""
    operations = [found.ok() for found in SCHEMA.get_all_operations()]
    acts = [operation for operation in operations if operation.method != "get"]
    pairs = {(actor, act.tags[0]) for act in acts for actor in ACTORS if gets_furthest(act, actor)}
    return sorted(pair for pair in pairs if _leads_on([one for one in operations if _may_walk(one, *pair)]))


def _leads_on(operations):
    answers = [answer for operation in operations for _, answer in operation.responses.items()]
    led_to = {link["operationId"] for answer in answers for _, link in answer.iter_links()}
    return bool(led_to & {operation.definition.raw["operationId"] for operation in operations})


class _Walk:
    """One walk of the actor: mixed into schemathesis' machine, which chooses the steps."""

    def setup(self):
        self.restored = set()
        self.undoing = undone()
        self.undoing.__enter__()

    def teardown(self):
        self.undoing.__exit__(None, None, None)

    def step(self, input):
        refer(input.case, self.world, {name for _, name in input.applied_parameters})
        return super().step(input)

    def after_call(self, response, case):
        super().after_call(response, case)
        if case.operation.path.endswith("/restore") and response.status_code == 200:
            self.restored.add(case.path_parameters["id"])

    def get_call_kwargs(self, case):
        return {"headers": headers_of(self.world, self.actor)}

    def validate_response(self, response, case, additional_checks=None, **kwargs):
        # Who is not logged in is asked for by the matrix, for each operation.
        excluded = [*excluded_checks(case, response), ignored_auth]
        if (case.path_parameters or {}).get("id") in self.restored:
            excluded.append(use_after_free)
        case.validate_response(response, excluded_checks=excluded, transport_kwargs=kwargs, recorder=self.recorder)


def _walk_of(actor, tag, world):  # noqa: F811
    schema = SCHEMA.include(lambda context: _may_walk(context.operation, actor, tag))
    return type("Walk", (_Walk, schema.as_state_machine()), {"actor": actor, "world": world})


@pytest.mark.parametrize(("actor", "tag"), _walks())
def test_walks(actor, tag, world):  # noqa: F811
    _walk_of(actor, tag, world).run(settings=WALKS)


def test_a_walk_sees_what_is_there_after_it_was_deleted(world, monkeypatch):  # noqa: F811
    monkeypatch.setattr(ServiceViewSet, "get_queryset", lambda self: service_list_all())

    with pytest.raises(FailureGroup) as seen:
        _walk_of(STAFF, "catalogue", world).run(settings=settings(WALKS, max_examples=120))

    assert any(isinstance(one, UseAfterFree) for one in seen.value.exceptions)
