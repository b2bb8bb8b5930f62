"""What reviews tell a case file."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from fixmate.core.casefiles import CasePart
from reviews.models import Review


def _reviews(job_id: UUID) -> Iterator[tuple[Any, ...]]:
    for review in Review.objects.filter(job=job_id):
        yield review.created_at, review.rating, review.comment


PARTS = (CasePart("review", "The customer's review", ("at", "rating", "comment"), _reviews),)
