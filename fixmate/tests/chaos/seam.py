"""The positive control: the same code without its locks. If the harness sees no double winner here, it sees nothing.

Tests alone import this; production has no switch for it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db.models import Model, QuerySet

from accounts.models import Session
from fixmate.core.lifecycle import StateModel

BETWEEN_LOOKING_AND_WRITING_S = {StateModel: 0.02, Session: 0.1}  # thirty refreshes take longer to come in


@contextmanager
def locks_off() -> Iterator[None]:
    """Take away the row locks and the conditional UPDATE, and make the moment between looking and writing long."""

    def unlocked(self: QuerySet, *_: Any, **__: Any) -> QuerySet:
        return self.all()

    def slowed(save: Callable[..., None], pause_s: float) -> Callable[..., None]:
        def slow_save(self: Model, *args: Any, **kwargs: Any) -> None:
            time.sleep(pause_s)
            save(self, *args, **kwargs)

        return slow_save

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QuerySet, "select_for_update", unlocked)
        patch.setattr(StateModel, "_do_update", Model._do_update)
        for model, pause_s in BETWEEN_LOOKING_AND_WRITING_S.items():
            patch.setattr(model, "save", slowed(model.save, pause_s))
        yield
