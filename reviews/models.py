from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from fixmate.core.ids import uuid7
from fixmate.core.triggers import append_only
from jobs.models import Job
from technicians.models import Technician


@append_only
class Review(models.Model):
    """What the customer says of a finished job: once, and never edited. Hiding and answers are rows of their own."""

    # Fields
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="review")
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    technician = models.ForeignKey(Technician, on_delete=models.PROTECT, related_name="reviews")
    rating = models.PositiveSmallIntegerField()
    comment = models.TextField(default="", blank=True)
    created_at = models.DateTimeField()

    # Constraints
    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(rating__gte=1, rating__lte=5), name="review_rating_one_to_five")
        ]
        indexes: ClassVar = [
            models.Index(fields=["technician", "-created_at", "-id"], name="review_of_technician"),
            models.Index(fields=["-created_at", "-id"], name="review_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.rating} for {self.technician_id}"
