from django.db import transaction

from accounts.models import User
from fixmate.core import clock
from fixmate.core.files import files_forget
from technicians.models import (
    AvailabilitySlot,
    Document,
    Position,
    PositionTrace,
    Technician,
    TechnicianState,
    TimeOff,
)
from technicians.services.dispatch import technician_note_user_status
from technicians.services.history import history_note_all

_BASE_DIGITS = 1  # about 10 km: enough for figures of a region, and nobody's home


@transaction.atomic
def technician_erase(user: User) -> None:
    """Take who and where he was out of the profile, its history too, and its documents with their files.

    His figures stay. Locks his documents, then him, as a review of one does.
    """
    list(Document.objects.select_for_update().filter(technician__user=user).order_by("pk"))
    technician_note_user_status(user_id=user.pk)  # offline: the offer he has is taken back by the event of that
    technician = Technician.objects.select_for_update(no_key=True).filter(user=user).first()
    if technician is None:
        return
    technician.bio = ""
    technician.deleted_at = technician.deleted_at or clock.now()
    for name in ("base_latitude", "base_longitude"):
        held = getattr(technician, name)
        setattr(technician, name, None if held is None else round(held, _BASE_DIGITS))
    technician.save(update_fields=["bio", "deleted_at", "base_latitude", "base_longitude"])
    for model in (Position, PositionTrace, AvailabilitySlot, TimeOff, TechnicianState):
        model._default_manager.filter(technician=technician).delete()
    history_note_all(technician)
    _files_erase(technician)


def _files_erase(technician: Technician) -> None:
    """Look for them under his lock, which an upload takes: one may have come since his documents were locked."""
    documents = Document.objects.filter(technician=technician)
    paths = list(documents.values_list("file", flat=True))
    documents.update(file="")
    files_forget(paths)
