"""Too few technicians for the jobs that wait: going further for one job would take them from the others.

Scarce is where fewer technicians are idle than jobs wait, in the cell of the job and the six around it.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from fixmate.core import clock
from fixmate.core.geo import cell_of, cells_around
from jobs.models import Job
from matching.enums import AlertKind
from matching.gates import Search
from matching.models import MatchingPass
from matching.selectors import alert_subjects_open
from matching.services.alerts import alert_close, alert_open
from matching.supply import idle_count, waiting_places


def hold_radius(job: Job, search: Search, last: MatchingPass | None) -> Search:
    """Return the search with the radius of the last pass where technicians are scarce, and have staff told.

    The first pass of a search goes as far as its rules say. Nobody at all within the radius still widens it at once.
    """
    if last is None or last.search_number != job.search_number or not is_scarce(job, search.at):
        return search
    cell = cell_of(job.latitude, job.longitude)
    alert_open(AlertKind.SCARCITY, _subject(job.service_id, cell), service=job.service, cell=f"{cell:x}")
    return replace(search, radius_m=min(search.radius_m, last.radius_m))


def is_scarce(job: Job, at: datetime) -> bool:
    """Tell whether fewer technicians are idle around the job than jobs of its service wait there. Two queries."""
    return _is_scarce(job.service_id, cell_of(job.latitude, job.longitude), at, job.pk)


def scarcity_review() -> int:
    """Close the alerts of places where there are enough again; return how many. Safe to run twice at once."""
    at = clock.now()
    over = [subject for subject in alert_subjects_open(AlertKind.SCARCITY) if not _is_scarce(*_place(subject), at)]
    return sum(alert_close(AlertKind.SCARCITY, subject) for subject in over)


def _is_scarce(service_id: UUID, cell: int, at: datetime, *asking: UUID) -> bool:
    """The jobs asking count as waiting, wherever their timers stand."""
    cells = frozenset(cells_around(cell))
    places = waiting_places(service_id)
    waiting = {pk for pk, place in places.items() if cell_of(*place) in cells} | {*asking}
    return idle_count(service_id=service_id, cells=cells, at=at, limit=len(waiting)) < len(waiting)


def _subject(service_id: UUID, cell: int) -> str:
    return f"{service_id}:{cell:x}"


def _place(subject: str) -> tuple[UUID, int]:
    service_id, _, cell = subject.partition(":")
    return UUID(service_id), int(cell, 16)
