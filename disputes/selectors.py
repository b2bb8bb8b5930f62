from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from accounts.enums import Role
from accounts.models import User
from disputes.enums import LIVE
from disputes.models import Dispute, DisputeEvent
from fixmate.core.errors import NotFound
from jobs.selectors import job_get_locked


def dispute_list_visible_to(user: User) -> QuerySet[Dispute]:
    """Return every dispute this user may know exists; anything else must look like a 404.

    The sides are the customer and the technician who had the job when it was opened, whoever has it now.
    """
    disputes = Dispute.objects.select_related("opened_by")
    if user.role == Role.ADMIN:
        return disputes
    return disputes.filter(Q(job__customer=user) | Q(technician__user=user))


def dispute_get_visible_to(*, user: User, dispute_id: UUID) -> Dispute:
    """Return the dispute with its thread.

    :raises NotFound: if there is none this user may know of
    """
    thread = Prefetch("events", queryset=DisputeEvent.objects.select_related("actor").order_by("id"), to_attr="thread")
    dispute = dispute_list_visible_to(user).filter(pk=dispute_id).prefetch_related(thread).first()
    if dispute is None:
        raise NotFound
    return dispute


def dispute_get_locked(dispute_id: UUID) -> Dispute:
    """Return the dispute with its job's row and then its own locked: the job is the first lock of all.

    :raises NotFound: if there is none
    """
    job_id = Dispute.objects.filter(pk=dispute_id).values_list("job_id", flat=True).first()
    if job_id is None:
        raise NotFound
    job_get_locked(job_id)
    return Dispute.objects.select_for_update().get(pk=dispute_id)


def dispute_live_exists(job_id: UUID) -> bool:
    return Dispute.objects.filter(job_id=job_id, status__in=LIVE).exists()
