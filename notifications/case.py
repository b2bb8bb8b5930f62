"""What notifications tell a case file: who was told what about the job, and whether it reached him."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from fixmate.core.casefiles import CasePart
from notifications.selectors import delivery_list_about_job


def _deliveries(job_id: UUID) -> Iterator[tuple[Any, ...]]:
    for delivery in delivery_list_about_job(job_id):
        told = delivery.notification
        read_at = told.read_at
        yield told.created_at, told.user.role, told.kind, delivery.channel, delivery.status, delivery.sent_at, read_at


PARTS = (
    CasePart(
        "notifications",
        "Who was told what",
        ("at", "to", "kind", "channel", "status", "sent_at", "read_at"),
        _deliveries,
    ),
)
