from functools import partial

from django.core.files.storage import default_storage
from django.db import transaction

from accounts.models import User
from fixmate.core import clock
from technicians.models import AvailabilitySlot, Document, Position, PositionTrace, Technician, TimeOff
from technicians.services.dispatch import technician_note_user_status

_BASE_DIGITS = 1  # about 10 km: enough for figures of a region, and nobody's home


@transaction.atomic
def technician_erase(user: User) -> None:
    """Take who and where he was out of the profile, and its documents with their files; his figures stay."""
    technician = Technician.objects.select_for_update(no_key=True).filter(user=user).first()
    if technician is None:
        return
    technician_note_user_status(user_id=user.pk)  # offline, and no offer is his
    technician.bio = ""
    technician.deleted_at = technician.deleted_at or clock.now()
    for name in ("base_latitude", "base_longitude"):
        held = getattr(technician, name)
        setattr(technician, name, None if held is None else round(held, _BASE_DIGITS))
    technician.save(update_fields=["bio", "deleted_at", "base_latitude", "base_longitude"])
    for model in (Position, PositionTrace, AvailabilitySlot, TimeOff):
        model._default_manager.filter(technician=technician).delete()
    _documents_erase(technician)


def _documents_erase(technician: Technician) -> None:
    documents = Document.objects.filter(technician=technician).exclude(file="")
    paths = list(documents.values_list("file", flat=True))
    documents.update(file="")
    transaction.on_commit(partial(_files_drop, paths), robust=True)


def _files_drop(paths: list[str]) -> None:
    for path in paths:
        default_storage.delete(path)
