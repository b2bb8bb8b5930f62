"""Too few technicians for the jobs that wait: going further for one job would take them from the others.

Scarce is where fewer technicians are idle than jobs wait, in the area of the job and the six around it. There a search
prefers who is near to who is better: it stays as near as it was. It is no reason to wait for nobody: where none of the
near ones may be asked, being busy, asked already or kept out, the pass goes on at once as far as its rules say.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from fixmate.core import clock
from fixmate.core.geo import area_of, cells_around
from jobs.models import Job
from matching.enums import AlertKind
from matching.gates import Search
from matching.models import MatchingPass
from matching.selectors import alert_subjects_open
from matching.services.alerts import alert_close, alert_open
from matching.supply import idle_count, waiting_count

_COUNTED = 500  # more jobs than these are not counted: where so many wait, so many idle are enough


def hold_radius(job: Job, search: Search, last: MatchingPass | None) -> Search:
    """Return the search with the radius of the last pass where technicians are scarce, and have staff told.

    The first pass of a search goes as far as its rules say. Any other does where nobody within the held radius passes.
    """
    if last is None or last.search_number != job.search_number or not is_scarce(job, search.at):
        return search
    area = area_of(job.latitude, job.longitude)
    alert_open(AlertKind.SCARCITY, _subject(job.service_id, area), service=job.service, cell=f"{area:x}")
    return replace(search, radius_m=min(search.radius_m, last.radius_m))


def is_scarce(job: Job, at: datetime) -> bool:
    """Tell whether fewer technicians are idle around the job than jobs of its service wait there. Two queries.

    The job itself counts as waiting, wherever its timer stands.
    """
    return _is_scarce(job.service_id, area_of(job.latitude, job.longitude), at, job.pk)


def scarcity_review() -> int:
    """Close the alerts of places where there are enough again; return how many. Safe to run twice at once."""
    at = clock.now()
    over = [subject for subject in alert_subjects_open(AlertKind.SCARCITY) if not _is_scarce(*_place(subject), at)]
    return sum(alert_close(AlertKind.SCARCITY, subject) for subject in over)


def _is_scarce(service_id: UUID, area: int, at: datetime, *asking: UUID) -> bool:
    waiting = waiting_count(service_id=service_id, area=area, but=asking, limit=_COUNTED) + len(asking)
    return idle_count(service_id=service_id, cells=cells_around(area), at=at, limit=waiting) < waiting


def _subject(service_id: UUID, area: int) -> str:
    return f"{service_id}:{area:x}"


def _place(subject: str) -> tuple[UUID, int]:
    service_id, _, area = subject.partition(":")
    return UUID(service_id), int(area, 16)
