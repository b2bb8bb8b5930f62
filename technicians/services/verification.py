"""What staff decide about a technician. Every act is audited with its reason."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from fixmate.core import audit, clock, events
from technicians.errors import DocumentsMissing, ProfileIncomplete, TierUnchanged
from technicians.events import TechnicianRejected, TechnicianSuspended, TechnicianVerified
from technicians.models import Technician
from technicians.selectors import documents_missing, technician_get_locked
from technicians.services.dispatch import dispatchable_refresh
from technicians.services.history import history_note


@transaction.atomic
def technician_approve(*, technician_id: UUID, actor: User, reason: str) -> Technician:
    """Let the technician work.

    :raises IllegalTransition: if he is verified or suspended
    :raises ProfileIncomplete: if he has not applied
    :raises DocumentsMissing: if a required document is not approved or is out of date
    """
    technician = technician_get_locked(technician_id)
    before, at = technician.verification, clock.now()
    technician.approve(at=at)
    if technician.applied_at is None:
        raise ProfileIncomplete
    missing = documents_missing(technician_ids=[technician.pk], on=at.date())
    if missing:
        raise DocumentsMissing(kinds=missing[technician.pk])
    _save(technician, "verified_at", action="approve", actor=actor, reason=reason, before=before)
    events.publish(TechnicianVerified(technician_id=technician.pk, user_id=technician.user_id))
    return technician


@transaction.atomic
def technician_reject(*, technician_id: UUID, actor: User, reason: str) -> Technician:
    """Turn the application down; he may apply again.

    :raises IllegalTransition: if it is not pending
    """
    technician = technician_get_locked(technician_id)
    before = technician.verification
    technician.reject()
    _save(technician, action="reject", actor=actor, reason=reason, before=before)
    events.publish(TechnicianRejected(technician_id=technician.pk, user_id=technician.user_id, reason=reason))
    return technician


@transaction.atomic
def technician_suspend(*, technician_id: UUID, actor: User, reason: str) -> Technician:
    """Take a verified technician off the search until he is reinstated.

    :raises IllegalTransition: if he is not verified
    """
    technician = technician_get_locked(technician_id)
    before = technician.verification
    technician.suspend()
    presence = ("is_online", "online_since", "idle_since")
    _save(technician, *presence, action="suspend", actor=actor, reason=reason, before=before)
    events.publish(TechnicianSuspended(technician_id=technician.pk, user_id=technician.user_id, reason=reason))
    return technician


@transaction.atomic
def technician_reinstate(*, technician_id: UUID, actor: User, reason: str) -> Technician:
    """Lift a suspension; he goes online himself.

    :raises IllegalTransition: if he is not suspended
    """
    technician = technician_get_locked(technician_id)
    before = technician.verification
    technician.reinstate()
    _save(technician, action="reinstate", actor=actor, reason=reason, before=before)
    events.publish(TechnicianVerified(technician_id=technician.pk, user_id=technician.user_id))
    return technician


@transaction.atomic
def technician_set_tier(*, technician_id: UUID, tier: str, actor: User, reason: str) -> Technician:
    """Say at which rates of the fee schedule the technician works from his next assignment on.

    :raises TierUnchanged: if he has that tier
    """
    technician = technician_get_locked(technician_id)
    before = technician.tier
    if before == tier:
        raise TierUnchanged
    technician.tier = tier
    technician.save(update_fields=["tier"])
    audit.record(
        actor=actor,
        action="technicians.technician.set_tier",
        target=technician,
        reason=reason,
        before={"tier": before},
        after={"tier": tier},
    )
    return technician


def _save(technician: Technician, *columns: str, action: str, actor: User, reason: str, before: str) -> None:
    technician.save(update_fields=["verification", *columns])
    dispatchable_refresh(technician)
    history_note(technician)
    audit.record(
        actor=actor,
        action=f"technicians.technician.{action}",
        target=technician,
        reason=reason,
        before={"verification": before},
        after={"verification": technician.verification},
    )
