from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from fixmate.core.ids import uuid7
from fixmate.core.models import Upload
from fixmate.core.triggers import append_only, append_only_but_for, unchangeable
from jobs.models import Job
from technicians.enums import RATED
from technicians.models import Technician


def _one_to_five(name: str) -> models.CheckConstraint:
    """A CHECK lets NULL pass: an aspect may be left out."""
    in_range = Q(**{f"{name}__gte": 1, f"{name}__lte": 5})
    return models.CheckConstraint(condition=in_range, name=f"review_{name}_one_to_five")


@append_only_but_for("comment")
class Review(models.Model):
    """What the customer says of a finished job: once, and never edited. Hiding and answers are rows of their own."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="review")
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="reviews")
    rating = models.PositiveSmallIntegerField()
    punctual = models.PositiveSmallIntegerField(null=True)
    quality = models.PositiveSmallIntegerField(null=True)
    price = models.PositiveSmallIntegerField(null=True)
    conduct = models.PositiveSmallIntegerField(null=True)
    comment = models.TextField(default="", blank=True)
    created_at = models.DateTimeField()

    # Constraints
    class Meta:
        constraints: ClassVar = [_one_to_five(name) for name in RATED]
        indexes: ClassVar = [
            models.Index(fields=["technician", "-created_at", "-id"], name="review_of_technician"),
            models.Index(fields=["-created_at", "-id"], name="review_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.rating} for {self.technician_id}"

    # Facts
    @property
    def stars(self) -> dict[str, int]:
        """Return what it rates, and with how many stars: what the technician's figures add up."""
        given = {str(name): getattr(self, name) for name in RATED}
        return {name: stars for name, stars in given.items() if stars is not None}


@unchangeable
class ReviewPhoto(models.Model):
    """A photo of the customer's. It comes with the review, and goes with his account."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="photos")
    upload = models.OneToOneField(Upload, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"photo of {self.review_id}"


@append_only_but_for("text")
class ReviewReply(models.Model):
    """What the technician answers to a review: once, and never edited."""

    review = models.OneToOneField(Review, on_delete=models.PROTECT, primary_key=True, related_name="reply")
    text = models.TextField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"answer to {self.review_id}"


@append_only
class ReviewHiding(models.Model):
    """Staff have hidden a review, or shown it again: the last row says how it stands."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="hidings", db_index=False)
    is_hidden = models.BooleanField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["review", "-id"], name="review_hiding_of_review")]

    def __str__(self) -> str:
        return f"{'hidden' if self.is_hidden else 'shown'}: {self.review_id}"
