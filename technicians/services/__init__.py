from technicians.services.availability import availability_replace, time_off_add, time_off_remove
from technicians.services.dispatch import (
    dispatchable_refresh,
    technician_go_offline,
    technician_go_online,
    technician_note_user_status,
)
from technicians.services.documents import (
    document_approve,
    document_expire,
    document_expire_due,
    document_reject,
    document_remind,
    document_remind_due,
    document_upload,
)
from technicians.services.position import position_record
from technicians.services.profile import technician_apply, technician_create_profile, technician_profile_update
from technicians.services.reputation import (
    technician_note_assigned,
    technician_note_cancelled,
    technician_note_completed,
    technician_note_offered,
    technician_note_released,
    technician_rating_add,
)
from technicians.services.verification import (
    technician_approve,
    technician_reinstate,
    technician_reject,
    technician_suspend,
)

__all__ = [
    "availability_replace",
    "dispatchable_refresh",
    "document_approve",
    "document_expire",
    "document_expire_due",
    "document_reject",
    "document_remind",
    "document_remind_due",
    "document_upload",
    "position_record",
    "technician_apply",
    "technician_approve",
    "technician_create_profile",
    "technician_go_offline",
    "technician_go_online",
    "technician_note_assigned",
    "technician_note_cancelled",
    "technician_note_completed",
    "technician_note_offered",
    "technician_note_released",
    "technician_note_user_status",
    "technician_profile_update",
    "technician_rating_add",
    "technician_reinstate",
    "technician_reject",
    "technician_suspend",
    "time_off_add",
    "time_off_remove",
]
