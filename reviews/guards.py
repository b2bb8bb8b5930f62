"""What the database refuses on the reviews' tables, and what reviews add to accounts and to technicians."""

from accounts.hooks import ExportPart, erased_by, exported_as
from fixmate.core.casefiles import case_told_by
from fixmate.core.db_errors import refuse
from reviews.case import PARTS
from reviews.errors import AlreadyReplied, AlreadyReviewed
from reviews.models import Review, ReviewHiding, ReviewPhoto, ReviewReply
from reviews.selectors import stars_count
from reviews.services import review_erase
from technicians.enums import RATED, Aspect
from technicians.hooks import figures_told_by

refuse(AlreadyReviewed, "reviews_review_job_id_key", "UNIQUE constraint failed: reviews_review.job_id")
refuse(AlreadyReplied, "reviews_reviewreply_pkey", "UNIQUE constraint failed: reviews_reviewreply.review_id")

figures_told_by(stars_count, *(f"{name}_{part}" for name in RATED for part in ("sum", "count")))

erased_by(review_erase)
_REVIEW = ("id", "job_id", "rating", *(aspect.value for aspect in Aspect), "comment", "created_at")
exported_as(
    ExportPart(
        "reviews_written",
        "What you said of technicians.",
        _REVIEW,
        lambda user: Review.objects.filter(customer=user),
    ),
    ExportPart(
        "review_photos",
        "Photos in your reviews.",
        ("review_id", "upload_id", "upload__content_type", "upload__sha256", "upload__created_at"),
        lambda user: ReviewPhoto.objects.filter(review__customer=user),
    ),
    ExportPart(
        "reviews_hidden",
        "When staff hid a review of yours from others, or showed it again.",
        ("review_id", "is_hidden", "at"),
        lambda user: ReviewHiding.objects.filter(review__customer=user),
    ),
    ExportPart(
        "reviews_received",
        "What customers said of you.",
        _REVIEW,
        lambda user: Review.objects.filter(technician__user=user),
    ),
    ExportPart(
        "review_replies",
        "What you answered.",
        ("review_id", "text", "created_at"),
        lambda user: ReviewReply.objects.filter(review__technician__user=user),
    ),
)
case_told_by(*PARTS)
