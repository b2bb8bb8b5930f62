from technicians.services.availability import availability_replace, time_off_add, time_off_remove
from technicians.services.dispatch import (
    dispatchable_cap_patience,
    dispatchable_refresh,
    dispatchable_rerank,
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
from technicians.services.history import history_purge
from technicians.services.pings import position_flush_of, position_report, positions_flush
from technicians.services.position import position_record
from technicians.services.profile import technician_apply, technician_create_profile, technician_profile_update
from technicians.services.rebuild import dispatchable_rebuild, dispatchable_rebuild_preview
from technicians.services.reputation import (
    Answers,
    technician_note_accepted,
    technician_note_assigned,
    technician_note_cancelled,
    technician_note_completed,
    technician_note_declined,
    technician_note_offered,
    technician_note_released,
    technician_note_started,
    technician_rating_add,
    technicians_set_answers,
)
from technicians.services.rest import (
    technician_note_answer,
    technician_rest_after_reject,
    technician_rest_after_silence,
    technician_rest_after_undelivered,
    technician_resume,
)
from technicians.services.verification import (
    technician_approve,
    technician_reinstate,
    technician_reject,
    technician_suspend,
)

__all__ = [
    "Answers",
    "availability_replace",
    "dispatchable_cap_patience",
    "dispatchable_rebuild",
    "dispatchable_rebuild_preview",
    "dispatchable_refresh",
    "dispatchable_rerank",
    "document_approve",
    "document_expire",
    "document_expire_due",
    "document_reject",
    "document_remind",
    "document_remind_due",
    "document_upload",
    "history_purge",
    "position_flush_of",
    "position_record",
    "position_report",
    "positions_flush",
    "technician_apply",
    "technician_approve",
    "technician_create_profile",
    "technician_go_offline",
    "technician_go_online",
    "technician_note_accepted",
    "technician_note_answer",
    "technician_note_assigned",
    "technician_note_cancelled",
    "technician_note_completed",
    "technician_note_declined",
    "technician_note_offered",
    "technician_note_released",
    "technician_note_started",
    "technician_note_user_status",
    "technician_profile_update",
    "technician_rating_add",
    "technician_reinstate",
    "technician_reject",
    "technician_rest_after_reject",
    "technician_rest_after_silence",
    "technician_rest_after_undelivered",
    "technician_resume",
    "technician_suspend",
    "technicians_set_answers",
    "time_off_add",
    "time_off_remove",
]
