import pytest
from django.db import IntegrityError

from fixmate.core import db_errors
from fixmate.core.errors import Conflict


class Taken(Conflict):
    code = "TAKEN"


@pytest.fixture(autouse=True)
def _own_rules(monkeypatch):
    monkeypatch.setattr(db_errors, "_rules", [])
    db_errors.refuse(Taken, "offer_one_open", "offers.job_id, offers.status")


@pytest.mark.parametrize(
    ("text", "is_known"),
    [
        ('duplicate key value violates unique constraint "offer_one_open"\nDETAIL:  Key (job)=(1) exists.', True),
        ("UNIQUE constraint failed: offers.job_id, offers.status", True),
        ("UNIQUE constraint failed: offers.id", False),
        ('null value in column "x"\nDETAIL:  Failing row contains (1, offer_one_open).', False),
    ],
)
def test_a_named_constraint_is_its_refusal_and_what_people_wrote_is_not(text, is_known):
    conflict = db_errors.conflict_of(IntegrityError(text))

    assert isinstance(conflict, Taken) is is_known
    assert (conflict is None) is not is_known
