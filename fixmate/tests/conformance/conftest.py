import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections


def pytest_collection_modifyitems(items):
    """Let the id of each test that schemathesis makes name its operation: xdist takes tests of one id for one.

    pytest 9.2 makes the id from what schemathesis 4.32 calls the original name, and that is the actor's for all.
    """
    for item in items:
        if hasattr(item, "operation_label"):
            item._id = item.parent.id.child(item.name)


@pytest.fixture
def one_connection():
    """Keep the connection of the world: an application of its own would begin each request with a new one."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)
