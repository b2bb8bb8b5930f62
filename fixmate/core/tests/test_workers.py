"""What a Celery worker does to connections around its tasks."""

from types import SimpleNamespace

import pytest
from celery import current_app
from django.db import connection

from fixmate.core.workers import WorkerFixup

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def around():
    """Return the call that does what a worker does before and after each task."""
    worker = WorkerFixup(current_app)

    def between(*, is_eager=False):
        sender = SimpleNamespace(request=SimpleNamespace(is_eager=is_eager))
        worker.on_task_postrun(sender=sender, task_id="1")
        worker.on_task_prerun(sender=sender, task_id="2")

    return between


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def test_the_application_has_it():
    assert [type(fixup.worker_fixup) for fixup in current_app._fixups] == [WorkerFixup]


@pytest.mark.postgres
def test_the_next_task_takes_a_connection_there_is(around):
    backend()
    pool = connection.pool
    made = pool.get_stats()["connections_num"]

    around()
    given_back = connection.connection is None
    backend()

    assert given_back
    assert connection.pool is pool
    assert pool.get_stats()["connections_num"] == made


@pytest.mark.postgres
def test_a_connection_that_broke_is_not_given_to_the_next_task(around):
    first = backend()
    connection.connection.close()

    around()

    assert backend() != first


def test_a_task_that_is_called_in_process_keeps_the_caller_connected(around):
    connection.ensure_connection()
    before = connection.connection

    around(is_eager=True)

    assert connection.connection is before
