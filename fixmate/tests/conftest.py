import pytest

from fixmate.tests.live import Installed


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """What the journeys keep of the first installations, so that only those have to migrate."""
    kept = Installed(tmp_path_factory.mktemp("installed"))
    yield kept
    kept.close()
