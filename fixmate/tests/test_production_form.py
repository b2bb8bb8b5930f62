"""The production form: PostgreSQL, a real Redis, a relay and Celery workers."""

import os
import pickle

import pytest
import redis
from aiosmtpd.controller import Controller
from celery import Celery

from fixmate.core.tests import redis_server
from fixmate.tests.live import System, free_port, running, wait_for

REDIS_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/14"
pytestmark = [pytest.mark.live, pytest.mark.postgres, pytest.mark.redis]


class Letters:
    """An SMTP server that keeps what it gets."""

    def __init__(self):
        self.kept = []

    async def handle_DATA(self, server, session, envelope):
        self.kept.append(envelope.content.decode().replace("\r\n", "\n"))
        return "250 OK"


class ProductionSystem(System):
    """Mails come over SMTP instead of as files."""

    letters: Letters

    def mails_to(self, address):
        return [letter for letter in self.letters.kept if f"To: {address}" in letter]


@pytest.fixture
def broker():
    client = redis.Redis.from_url(REDIS_URL)
    redis_server.need(client)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@pytest.fixture
def letters():
    handler = Letters()
    handler.port = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    yield handler
    controller.stop()


@pytest.fixture
def system(tmp_path, installed, broker, letters):
    system = ProductionSystem(
        tmp_path,
        env={
            "FIXMATE_MODE": "production",
            "SECRET_KEY": "0123456789-production-form-of-the-tests-0123456789",
            "REDIS_URL": REDIS_URL,
            "ALLOWED_HOSTS": "127.0.0.1",
            "SSL_REDIRECT": "false",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(letters.port),
            "EMAIL_USE_TLS": "false",
            "OUTBOX_CLAIM_S": "3",
            "STAFF_REST_2FA": "false",  # the journeys' staff log in like scripts
        },
    )
    system.letters = letters
    with running(system, installed):
        yield system


def test_nothing_is_matched_or_delivered_without_a_celery_worker_and_all_once_one_starts(system, letters):
    system.start_celery()
    service_id = system.service_id()
    technician, customer = system.technician(service_id), system.join("CUSTOMER")
    system.kill("celery")
    told_before = len(letters.kept)

    job_id = customer.request_job(service_id)
    offered = seen_within(technician.open_offer, seconds=8)  # long enough for leases to end and be given out again

    assert offered is None
    assert customer.get(f"jobs/{job_id}")["status"] == "REQUESTED"
    assert len(letters.kept) == told_before

    system.start_celery()
    offer_id = wait_for(technician.open_offer)
    technician.post(f"offers/{offer_id}/accept", 200)
    wait_for(lambda: len(letters.kept) > told_before)
    system.manage("check_invariants")


def test_flushed_redis_loses_nothing(system, broker):
    system.start_celery()
    service_id = system.service_id()
    technician, customer = system.technician(service_id), system.join("CUSTOMER")
    system.kill("celery")

    job_id = customer.request_job(service_id)
    wait_for(lambda: broker.dbsize() > 0)
    broker.flushdb()  # every message that was on its way is gone
    system.start_celery()

    offer_id = wait_for(technician.open_offer)
    technician.post(f"offers/{offer_id}/accept", 200)
    customer.job_in(job_id, "ASSIGNED")


class Evil:
    """Runs a command where it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.system, (f"touch {self.file}",)


def test_a_pickled_message_is_refused_by_a_real_worker_which_works_on(system, tmp_path):
    file = tmp_path / "unpickled"
    system.start_celery()
    with Celery(broker=REDIS_URL, set_as_current=False) as app:
        app.send_task("core.purge_counters", [Evil(file)], serializer="pickle")
        app.send_task("core.purge_counters", kwargs={"evil": Evil(file)}, serializer="pickle", queue="outside")
        wait_for(lambda: "ContentDisallowed" in system.log_of("celery"))

    service_id = system.service_id()
    technician, customer = system.technician(service_id), system.join("CUSTOMER")
    customer.request_job(service_id)

    assert wait_for(technician.open_offer)
    assert not file.exists()


def test_the_same_message_would_run_where_pickle_is_accepted(tmp_path):
    """The control: it does what it says."""
    file = tmp_path / "unpickled"

    pickle.loads(pickle.dumps(Evil(file)))

    assert file.exists()


def seen_within(look, *, seconds):
    try:
        return wait_for(look, within=seconds)
    except AssertionError:
        return None
