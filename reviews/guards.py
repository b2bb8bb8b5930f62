"""What the database refuses on the reviews' table, and what reviews add to an account's life."""

from accounts.hooks import ExportPart, exported_as
from fixmate.core.db_errors import refuse
from reviews.errors import AlreadyReviewed
from reviews.models import Review

refuse(AlreadyReviewed, "reviews_review_job_id_key", "UNIQUE constraint failed: reviews_review.job_id")

_COLUMNS = ("id", "job_id", "rating", "comment", "created_at")
exported_as(
    ExportPart(
        "reviews_written",
        "What you said of technicians.",
        _COLUMNS,
        lambda user: Review.objects.filter(customer=user),
    ),
    ExportPart(
        "reviews_received",
        "What customers said of you.",
        _COLUMNS,
        lambda user: Review.objects.filter(technician__user=user),
    ),
)
