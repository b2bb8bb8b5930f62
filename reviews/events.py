from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fixmate.core.events import Event


@dataclass(frozen=True, kw_only=True)
class ReviewCreated(Event):
    name: ClassVar[str] = "reviews.review.created"
    review_id: UUID
    job_id: UUID
    technician_id: UUID
    rating: int


@dataclass(frozen=True, kw_only=True)
class ReviewReplied(Event):
    name: ClassVar[str] = "reviews.review.replied"
    review_id: UUID
    job_id: UUID
