"""Money, and the rules of jobs and technicians."""

from fixmate.core.env import env, env_bool, env_decimal, env_int, env_list
from fixmate.settings.base import IS_PRODUCTION

# Money
CURRENCY = env("CURRENCY", "USD")
DEFAULT_FEE_RATE = env_decimal("DEFAULT_FEE_RATE", "0.15", maximum="1")
CANCELLATION_FEE_RATE = env_decimal("CANCELLATION_FEE_RATE", "0.20", maximum="1")
TAX_RATE = env_decimal("TAX_RATE", "0", maximum="1")
PAYOUT_HOLD_DAYS = env_int("PAYOUT_HOLD_DAYS", 2)
REFUND_SECOND_PERSON_MINOR = env_int("REFUND_SECOND_PERSON_MINOR", 20_000)

# The job's rules
CANCELLATION_GRACE_S = env_int("CANCELLATION_GRACE_S", 300)
NO_SHOW_WAIT_MINUTES = env_int("NO_SHOW_WAIT_MINUTES", 15)
MAX_REMATCHES = env_int("MAX_REMATCHES", 3)
DISPATCH_LEAD_S = env_int("DISPATCH_LEAD_S", 120 * 60)
MAX_SCHEDULE_DAYS = env_int("MAX_SCHEDULE_DAYS", 90, minimum=1)
START_CODE_REQUIRED = env_bool("START_CODE_REQUIRED", default=True)
START_CODE_TRIES = env_int("START_CODE_TRIES", 5, minimum=1)
QUOTE_EXPIRES_S = env_int("QUOTE_EXPIRES_S", 1800, minimum=1)
QUOTE_CODE_TRIES = env_int("QUOTE_CODE_TRIES", 5, minimum=1)
QUOTE_MAX_MULTIPLE = env_decimal("QUOTE_MAX_MULTIPLE", "5", minimum="1")
START_MAX_DISTANCE_M = env_int("START_MAX_DISTANCE_M", 500)
START_MAX_POSITION_AGE_S = env_int("START_MAX_POSITION_AGE_S", 600)
CONTACT_VISIBLE_DAYS = env_int("CONTACT_VISIBLE_DAYS", 30)
TECHNICIAN_PHONE_DAYS = env_int("TECHNICIAN_PHONE_DAYS", 14)
VISIT_REMINDER_S = env_int("VISIT_REMINDER_S", 3600, minimum=1)
DARK_CHECK_S = env_int("DARK_CHECK_S", 1800)
DARK_AFTER_S = env_int("DARK_AFTER_S", 900, minimum=1)
DISPUTE_WINDOW_DAYS = env_int("DISPUTE_WINDOW_DAYS", 14)
DISPUTE_ANSWER_HOURS = env_int("DISPUTE_ANSWER_HOURS", 24, minimum=1)
DISPUTE_SIDE_DAYS = env_int("DISPUTE_SIDE_DAYS", 3, minimum=1)
DISPUTE_DECISION_DAYS = env_int("DISPUTE_DECISION_DAYS", 10, minimum=1)
DISPUTE_RETENTION_DAYS = env_int("DISPUTE_RETENTION_DAYS", 3 * 365, minimum=1)
DISPUTE_EVIDENCE_PER_SIDE = env_int("DISPUTE_EVIDENCE_PER_SIDE", 30, minimum=1)
DISPUTE_EVIDENCE_BYTES_PER_SIDE = env_int("DISPUTE_EVIDENCE_BYTES_PER_SIDE", 100_000_000, minimum=1)
CASE_FILE_FONT = env("CASE_FILE_FONT", "")

# Reviews and reputation
REVIEW_WINDOW_DAYS = env_int("REVIEW_WINDOW_DAYS", 30)
REVIEW_MAX_PHOTOS = env_int("REVIEW_MAX_PHOTOS", 5)
PUNCTUAL_WITHIN_MINUTES = env_int("PUNCTUAL_WITHIN_MINUTES", 15)
RATES_SHOWN_FROM = env_int("RATES_SHOWN_FROM", 5, minimum=1)

# Technicians
REQUIRED_DOCUMENTS = env_list("REQUIRED_DOCUMENTS", "IDENTITY")
POSITION_FRESH_S = env_int("POSITION_FRESH_S", 120, minimum=1)
POSITION_MIN_MOVE_M = env_int("POSITION_MIN_MOVE_M", 50)
POSITION_TOUCH_S = env_int("POSITION_TOUCH_S", 30, minimum=1)
POSITION_TRACE_M = env_int("POSITION_TRACE_M", 500, minimum=1)
PINGS_ARE_BATCHED = IS_PRODUCTION  # embedded, one process writes them itself and there is no Redis
PING_BATCH = env_int("PING_BATCH", 500, minimum=1)
DOCUMENT_REMINDER_DAYS = env_int("DOCUMENT_REMINDER_DAYS", 30, minimum=1)
STATE_KEEP_DAYS = env_int("STATE_KEEP_DAYS", 90, minimum=1)
WORKLOAD_CAP = env_int("WORKLOAD_CAP", 8, minimum=1)  # jobs held at once, booked ones included
