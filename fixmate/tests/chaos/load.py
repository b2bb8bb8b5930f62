"""A steady load of whole jobs over HTTP: requested, offered, accepted, started, completed, again and again."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

import httpx
from django.db import connection

from fixmate.tests.chaos.people import PLACE, Party, Person, Record, party, token_of
from jobs.enums import JobStatus

PAUSE_S = 0.25
FINISH_WITHIN_S = 60.0


@dataclass(slots=True)
class Lane:
    """One customer and one technician. They look, then act: whatever answer was lost, the next look tells.

    An act on a job that exists can be done once only, and is preceded by a look at it; an order has no such guard.
    """

    customer: Person
    technician: Person
    service_id: str
    requested: list[str] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    is_in_doubt: bool = False  # an order was sent, and nobody knows whether it was taken

    def one_job(self, *, within_s: float = FINISH_WITHIN_S) -> bool:
        """Take one job from the request to its completion; return whether it got there in time."""
        until = time.monotonic() + within_s
        job_id = None
        while time.monotonic() < until:
            job_id = job_id or self._request()
            if job_id and self._advance(job_id):
                self.completed.append(job_id)
                return True
            time.sleep(PAUSE_S)
        self.unfinished.append(job_id or "no job")
        return False

    def _request(self) -> str | None:
        """Order a job, unless the last order may have been taken: then look first, so that none is doubled."""
        return self._settle_doubt() if self.is_in_doubt else self._order()

    def _order(self) -> str | None:
        body = {"service_id": self.service_id, "description": "The tap drips.", "address": "12 Beacon Street", **PLACE}
        answer = self.customer.ask("POST", "jobs", body)
        self.is_in_doubt = answer.is_unsure
        return self._noted(answer.body["id"]) if answer.status == httpx.codes.CREATED else None

    def _settle_doubt(self) -> str | None:
        """Look for the order among one's jobs. Only an answer ends the doubt: without one the next turn looks again."""
        answer = self.customer.ask("GET", "jobs?page_size=1")
        if answer.status != httpx.codes.OK:
            return None
        self.is_in_doubt = False
        found = [job["id"] for job in answer.body["results"] if job["id"] not in self.requested]
        return self._noted(found[0]) if found else None

    def _noted(self, job_id: str) -> str:
        self.requested.append(job_id)
        return job_id

    def _advance(self, job_id: str) -> bool:
        """Do the next thing the job waits for; return whether it is completed."""
        answer = self.customer.ask("GET", f"jobs/{job_id}")
        if answer.status != httpx.codes.OK:
            return False
        status = answer.body["status"]
        if status == JobStatus.MATCHING:
            self._accept(job_id)
        elif status == JobStatus.ASSIGNED:
            self.technician.ask("POST", f"jobs/{job_id}/start", {"start_code": answer.body["start_code"], **PLACE})
        elif status == JobStatus.IN_PROGRESS:
            self.technician.ask("POST", f"jobs/{job_id}/complete", {"work_summary": "New washer."})
        return bool(status == JobStatus.COMPLETED)

    def _accept(self, job_id: str) -> None:
        answer = self.technician.ask("GET", f"offers?status=PENDING&job={job_id}")
        offers = answer.body["results"] if answer.status == httpx.codes.OK else []
        for offer in offers:
            self.technician.ask("POST", f"offers/{offer['id']}/accept")


def lane(who: Party, urls: list[str], record: Record, *, token_age_s: float = 0.0) -> Lane:
    """Give a party its clients."""
    customer, technician = (
        Person(token_of(user, age_s=token_age_s), urls, record) for user in (who.customer, who.technician.user)
    )
    return Lane(customer, technician, str(who.service.pk))


@dataclass(slots=True)
class Load:
    """Lanes at work, each in a thread of its own, until told to stop."""

    lanes: list[Lane]
    record: Record
    _over: Event = field(default_factory=Event)

    @property
    def requested(self) -> int:
        return sum(len(lane.requested) for lane in self.lanes)

    @property
    def completed(self) -> int:
        return sum(len(lane.completed) for lane in self.lanes)

    @property
    def unfinished(self) -> list[str]:
        return [job for lane in self.lanes for job in lane.unfinished]

    def work(self, lane: Lane) -> None:
        """Do one job after the other; the last one is still finished once the time is over."""
        try:
            while not self._over.is_set() and lane.one_job():
                pass
        finally:
            connection.close()

    def stop(self) -> None:
        self._over.set()


@contextmanager
def loaded(urls: list[str], *, lanes: int) -> Iterator[Load]:
    """Keep the load on while the block lasts, and let every job that was begun be finished after it."""
    record = Record()
    load = Load([lane(party(), urls, record) for _ in range(lanes)], record)
    threads = [Thread(target=load.work, args=[one], daemon=True) for one in load.lanes]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.stop()
        for thread in threads:
            thread.join()
