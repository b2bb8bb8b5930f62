"""The start of the work, while the technician's last ping still waits for its flush."""

from datetime import timedelta

import pytest

from fixmate.core.geo import Point
from jobs.enums import JobStatus
from jobs.rules import start_code
from jobs.services import job_start_by_technician
from jobs.tests.factories import job_assigned
from jobs.tests.helpers import north_of, put, stored
from technicians import ping_queue
from technicians.ping_queue import Ping

pytestmark = pytest.mark.django_db


@pytest.mark.postgres
def test_start_locks_the_technician_before_his_position(noon, django_assert_max_num_queries):
    job = job_assigned(created_at=noon)
    put(job.technician, north_of(job, 5_000), noon - timedelta(seconds=60))
    here = Point(job.latitude, job.longitude)

    with django_assert_max_num_queries(60) as queries:
        job_start_by_technician(job_id=job.pk, actor=job.technician.user, start_code=start_code(job), here=here)

    statements = [query["sql"] for query in queries.captured_queries]
    locks = [sql for sql in statements if " FOR UPDATE" in sql or " FOR NO KEY UPDATE" in sql]
    tables = [sql.partition('FROM "')[2].partition('"')[0] for sql in locks]
    assert tables.index("technicians_technician") < tables.index("technicians_position")


def test_start_reads_the_ping_that_waits(noon, settings, monkeypatch):
    settings.PINGS_ARE_BATCHED = True
    job = job_assigned(created_at=noon)
    put(job.technician, north_of(job, 5_000), noon - timedelta(seconds=60))
    here = Ping(job.technician_id, job.latitude, job.longitude, None, recorded_at=noon, accepted_at=noon)
    monkeypatch.setattr(ping_queue, "peek_of", {job.technician_id: here}.get)

    job_start_by_technician(job_id=job.pk, actor=job.technician.user, start_code=start_code(job))

    assert stored(job).status == JobStatus.IN_PROGRESS
