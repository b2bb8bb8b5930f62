"""What the database refuses on the jobs' tables, and the code each refusal has."""

from fixmate.core.db_errors import refuse
from fixmate.core.triggers import SQLITE, Trigger, declare
from jobs.errors import AlreadyWorking, BookingOverlap
from jobs.selectors import technician_ids_at_work
from technicians.hooks import at_work_told_by

_OVERLAP = "job_no_overlapping_bookings"
_OTHER_BOOKING = """NEW.status IN ('ASSIGNED', 'IN_PROGRESS') AND EXISTS (
    SELECT 1 FROM jobs_job AS other WHERE other.technician_id = NEW.technician_id AND other.id <> NEW.id
    AND other.status IN ('ASSIGNED', 'IN_PROGRESS')
    AND other.booked_from < NEW.booked_until AND other.booked_until > NEW.booked_from)"""

# PostgreSQL has an exclusion constraint of the same name; SQLite has one writer, so a trigger sees every other row.
for operation in ("INSERT", "UPDATE"):
    name = f"{_OVERLAP}_{operation.lower()}"
    declare(Trigger("jobs_job", name, operation, _OVERLAP, _OTHER_BOOKING, vendors=(SQLITE,)))

refuse(BookingOverlap, _OVERLAP)
refuse(AlreadyWorking, "job_one_in_progress_per_technician", "UNIQUE constraint failed: jobs_job.technician_id")

at_work_told_by(technician_ids_at_work)
