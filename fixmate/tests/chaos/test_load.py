import pytest

from fixmate.tests.chaos import load
from fixmate.tests.chaos.load import Lane
from fixmate.tests.chaos.people import NO_ANSWER, Answer


class Desk:
    """Answers a customer: each order is taken or not, and answered or not, as the test says; it can be blind."""

    def __init__(self, *orders, blind_looks=0):
        self.orders = list(orders)
        self.blind_looks = blind_looks
        self.jobs = []
        self.asked = []

    def ask(self, method, path, body=None):
        self.asked.append(method)
        status, content = self.order() if method == "POST" else self.look(path)
        return Answer(0.0, 0.0, f"{method} {path}", status, content)

    def order(self):
        is_taken, status = self.orders.pop(0)
        if is_taken:
            self.jobs.insert(0, f"job {len(self.jobs) + 1}")
        return status, {"id": self.jobs[0]} if status == 201 else None

    def look(self, path):
        if path.startswith("jobs/"):
            return 200, {"status": "COMPLETED"}
        if self.blind_looks:
            self.blind_looks -= 1
            return 503, None
        return 200, {"results": [{"id": job} for job in self.jobs[:1]]}


@pytest.mark.parametrize(
    ("desk", "asked"),
    [
        (Desk((True, 201)), ["POST", "GET"]),
        (Desk((True, NO_ANSWER)), ["POST", "GET", "GET"]),
        (Desk((True, 503), blind_looks=2), ["POST", "GET", "GET", "GET", "GET"]),
        (Desk((False, NO_ANSWER), (True, 201)), ["POST", "GET", "POST", "GET"]),
        (Desk((False, 503), (True, NO_ANSWER)), ["POST", "GET", "POST", "GET", "GET"]),
        (Desk((False, 409), (True, 201)), ["POST", "POST", "GET"]),
    ],
    ids=["taken", "answer lost", "answer lost and blind", "order lost", "order lost, then the answer", "refused"],
)
def test_an_order_in_doubt_is_looked_for_before_it_is_repeated(monkeypatch, desk, asked):
    monkeypatch.setattr(load, "PAUSE_S", 0)
    lane = Lane(customer=desk, technician=None, service_id="s")

    assert lane.one_job()

    assert desk.asked == asked
    assert lane.requested == lane.completed == desk.jobs == ["job 1"]


def test_a_doubt_is_settled_by_a_new_job_alone(monkeypatch):
    monkeypatch.setattr(load, "PAUSE_S", 0)
    desk = Desk((True, 201), (False, NO_ANSWER), (True, 201))
    lane = Lane(customer=desk, technician=None, service_id="s")

    assert lane.one_job()
    assert lane.one_job()

    assert lane.requested == lane.completed == ["job 1", "job 2"]
