from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model

from fixmate.core import sweeps


@pytest.fixture
def make_user(db):
    """Return the call that makes a verified account; core does not know more about accounts."""
    made = []

    def make(**changes):
        facts = {"first_name": "Ada", "last_name": "Lovelace", "role": "CUSTOMER", "status": "ACTIVE", **changes}
        user = get_user_model()(email=f"person{len(made)}@example.com", **facts)
        user.set_unusable_password()
        user.save(force_insert=True)
        made.append(user)
        return user

    return make


@pytest.fixture
def user(make_user):
    return make_user()


@pytest.fixture
def own_sweeps(monkeypatch):
    """The sweeps there are, for this test to fill: none at first."""
    held: dict[str, timedelta] = {}
    monkeypatch.setattr(sweeps, "_sweeps", held)
    return held
