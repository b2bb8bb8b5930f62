"""Pings of the app: written at once, or left to a flush that writes hundreds together."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings

from fixmate.core.batches import each_alone
from technicians import ping_queue
from technicians.services.position import ping_accept, position_take, positions_move

BATCHES_PER_FLUSH: Final = 20  # so that a flush after an outage does not keep other sweeps waiting


def position_report(
    *,
    technician_id: UUID,
    latitude: float,
    longitude: float,
    accuracy_m: float | None = None,
    recorded_at: datetime | None = None,
) -> None:
    """Take a ping of the app. In production it waits on Redis for the next flush; with Redis away it is written here.

    :raises Invalid: if `recorded_at` lies in the future, beyond the skew of a phone's clock
    :raises NotFound: if there is no such technician; found out by the flush, it is only logged
    """
    ping = ping_accept(
        technician_id=technician_id,
        latitude=latitude,
        longitude=longitude,
        accuracy_m=accuracy_m,
        recorded_at=recorded_at,
    )
    if not (settings.PINGS_ARE_BATCHED and ping_queue.put(ping)):
        position_take(ping)


def positions_flush() -> int:
    """Write the pings that wait, `PING_BATCH` in a transaction; return how many were taken up.

    `location_at` becomes the moment the ping was accepted, by the database's clock, and not the moment of the flush:
    "fresh" speaks about the technician, and after an outage a flush would make positions fresh that nobody has
    confirmed for as long. Safe to run twice at once, or to be killed: a ping leaves the queue after it is committed,
    and whoever writes it a second time finds that it is not newer.
    """
    taken = 0
    if settings.PINGS_ARE_BATCHED:
        for _ in range(BATCHES_PER_FLUSH):
            pings = ping_queue.peek(settings.PING_BATCH)
            each_alone(positions_move(pings), position_take)
            ping_queue.drop(pings)
            taken += len(pings)
            if len(pings) < settings.PING_BATCH:
                break
    return taken


def position_flush_of(technician_id: UUID) -> None:
    """Write the technician's own waiting ping now, for whoever is about to read where he is. Idempotent.

    It stays in the queue, because the caller may roll back; the next flush finds that it is not newer.
    """
    if settings.PINGS_ARE_BATCHED:
        ping = ping_queue.peek_of(technician_id)
        if ping is not None:
            position_take(ping)
