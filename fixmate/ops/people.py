"""An account with all that staff ask about it, from every app."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q

from accounts.models import User
from accounts.selectors import session_list_of, session_list_open_of
from disputes.enums import LIVE
from disputes.models import Dispute
from fixmate.core import audit
from fixmate.core.models import AuditEntry
from jobs.enums import JobStatus
from jobs.models import Job
from technicians.models import Technician

ENTRIES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Dossier:
    """What hangs on an account."""

    open_sessions: int
    last_seen_at: datetime | None
    jobs: dict[str, int]
    open_disputes: int
    technician: Technician | None
    audit_entries: Sequence[AuditEntry]


def dossier_of(user: User) -> Dossier:
    """Return what hangs on the account, deleted or not. A constant number of queries.

    Jobs are those that it ordered, or for a technician those that are his.
    """
    technician = Technician.objects.filter(user=user).first()
    jobs = Job.objects.filter(technician=technician) if technician else Job.objects.filter(customer=user)
    counts = dict(jobs.order_by().values_list("status").annotate(count=Count("pk")))
    quarrels = Q(technician=technician) if technician else Q(job__customer=user)
    return Dossier(
        open_sessions=session_list_open_of(user).count(),
        last_seen_at=session_list_of(user).aggregate(at=Max("refreshed_at"))["at"],
        jobs={status: counts.get(status, 0) for status in JobStatus.values},
        open_disputes=Dispute.objects.filter(quarrels, status__in=LIVE).count(),
        technician=technician,
        audit_entries=list(audit.entries().filter(target_id=str(user.pk)).order_by("-sequence")[:ENTRIES_SHOWN]),
    )
