"""What the database refuses on the disputes' tables, and the code of the refusal."""

from disputes.errors import DisputeExists
from fixmate.core.db_errors import refuse

refuse(DisputeExists, "dispute_one_live_per_job", "UNIQUE constraint failed: disputes_dispute.job_id")
