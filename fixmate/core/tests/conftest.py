import pytest
from django.contrib.auth import get_user_model


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
