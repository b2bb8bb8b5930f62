import pytest

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from jobs.tests.factories import job_matching
from matching.enums import RolloutMode
from matching.policies import POLICIES
from matching.services import rollout_start
from matching.services.rollouts import version_ensure
from matching.tests.rollouts import REASON


@pytest.fixture
def dispatcher():
    return UserFactory(admin=True, is_dispatcher=True)


@pytest.fixture
def by_hand_allowed(settings):
    settings.MANUAL_ASSIGNMENT = True
    settings.PASS_LOST_S = 15
    settings.OFFER_TIMEOUT_S = 60


@pytest.fixture
def start(staff, noon):
    """Return the call that begins a rollout."""

    def call(key, mode=RolloutMode.DEFAULT, **kwargs):
        version = version_ensure(POLICIES[key])
        service = kwargs.pop("service", None)
        return rollout_start(
            version_id=version.pk,
            mode=mode,
            service_id=service and service.pk,
            actor=staff,
            reason=REASON,
            **kwargs,
        )

    return call


@pytest.fixture
def service():
    return ServiceFactory()


@pytest.fixture
def job(noon, service):
    return job_matching(created_at=noon, service=service)
