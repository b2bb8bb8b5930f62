"""The positive control: the same code without its locks. If the harness sees no double winner here, it sees nothing.

Tests alone import this; production has no switch for it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db.models import Model, QuerySet

from fixmate.core.lifecycle import StateModel

BETWEEN_LOOKING_AND_WRITING_S = 0.02


@contextmanager
def locks_off() -> Iterator[None]:
    """Take away the row locks and the conditional UPDATE, and make the moment between looking and writing long."""
    save = StateModel.save

    def unlocked(self: QuerySet, *_: Any, **__: Any) -> QuerySet:
        return self.all()

    def slow_save(self: StateModel, *args: Any, **kwargs: Any) -> None:
        time.sleep(BETWEEN_LOOKING_AND_WRITING_S)
        save(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QuerySet, "select_for_update", unlocked)
        patch.setattr(StateModel, "_do_update", Model._do_update)
        patch.setattr(StateModel, "save", slow_save)
        yield
