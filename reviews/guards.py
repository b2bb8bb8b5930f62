"""What the database refuses on the reviews' table, and the code of the refusal."""

from fixmate.core.db_errors import refuse
from reviews.errors import AlreadyReviewed

refuse(AlreadyReviewed, "reviews_review_job_id_key", "UNIQUE constraint failed: reviews_review.job_id")
