"""Where the tests of matching put people, and how they read what a pass wrote."""

from matching.enums import AlertKind
from matching.models import Alert
from technicians.tests.factories import technician_ready

KM = 0.009  # degrees of latitude, nearly


def near(job, km=1.0, **kwargs):
    """Return a technician ready for the job, so many kilometres north of it."""
    return technician_ready(job.service, latitude=job.latitude + km * KM, longitude=job.longitude, **kwargs)


def verdict(decision, gate):
    return next(verdict for verdict in decision.verdicts if verdict["gate"] == gate)


def is_alarmed():
    """Tell whether staff were told of a policy that failed."""
    return Alert.objects.filter(kind=AlertKind.POLICY_FAILED).exists()
