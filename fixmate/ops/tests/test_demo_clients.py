"""The HTTP clients and the mailbox of the demo."""

import asyncio
import time

import httpx
import pytest

from fixmate.ops.demo import client as demo_client
from fixmate.ops.demo import mailbox as demo_mailbox
from fixmate.ops.demo.client import CONFLICT, NO_ANSWER, Account, Api, Surprises
from fixmate.ops.demo.mailbox import Mailbox

JOB = "/jobs/0198f0c4-7a51-7c3e-9d0a-3f1f6f0f2b11"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(demo_client, "PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr(demo_client, "LONGEST_PAUSE_S", 0.0)
    monkeypatch.setattr(demo_mailbox, "LOOKS_EVERY_S", 0.01)


class Script:
    """A server that answers from a list and keeps what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def refusal(status, code, **headers):
    return httpx.Response(status, json={"error": {"code": code}}, headers=headers)


def ask(script, do):
    surprises = Surprises()

    async def play():
        async with Api("http://demo", surprises, transport=httpx.MockTransport(script)) as api:
            return await do(Account(api, "ada@demo.example", "secret", token="t1"))

    return asyncio.run(play()), surprises


def test_client_sends_the_token_of_the_account():
    script = Script(httpx.Response(200, json={}))

    answer, surprises = ask(script, lambda account: account.get("/auth/me"))

    assert answer.is_ok
    assert script.requests[0].url.path == "/api/v1/auth/me"
    assert script.requests[0].headers["Authorization"] == "Bearer t1"
    assert surprises.lines() == []


def test_client_tries_again_with_the_same_key_when_the_network_fails():
    script = Script(httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.Response(201, json={}))

    answer, surprises = ask(script, lambda account: account.post("/jobs"))

    keys = {request.headers["Idempotency-Key"] for request in script.requests}
    assert answer.status == 201
    assert (len(script.requests), len(keys)) == (3, 1)
    assert surprises.lines() == []


def test_client_reports_a_server_that_never_answers():
    script = Script(*[httpx.ConnectError("refused")] * 3)

    answer, surprises = ask(script, lambda account: account.get(JOB))

    assert (answer.status, answer.is_ok) == (NO_ANSWER, False)
    assert surprises.lines() == ["1 x GET /api/v1/jobs/{id} no answer: ConnectError('refused')"]


def test_client_waits_for_a_full_server_and_counts_it():
    script = Script(refusal(503, "SERVICE_UNAVAILABLE", **{"Retry-After": "1"}), httpx.Response(200, json={}))

    answer, surprises = ask(script, lambda account: account.get(JOB))

    assert answer.is_ok
    assert surprises.server_errors == 1


def test_client_counts_an_unexpected_refusal_with_a_sample():
    script = Script(refusal(404, "NOT_FOUND"), refusal(404, "NOT_FOUND"))

    async def twice(account):
        await account.get(JOB)
        return await account.get(JOB)

    answer, surprises = ask(script, twice)

    assert answer.code == "NOT_FOUND"
    assert surprises.lines() == ['2 x GET /api/v1/jobs/{id} 404 NOT_FOUND: {"error":{"code":"NOT_FOUND"}}']
    assert surprises.server_errors == 0


def test_client_takes_an_expected_refusal_calmly():
    script = Script(refusal(409, "OFFER_EXPIRED"))

    answer, surprises = ask(script, lambda account: account.post("/offers/1/accept", expect=(CONFLICT,)))

    assert (answer.status, answer.code, answer.is_ok) == (409, "OFFER_EXPIRED", False)
    assert surprises.lines() == []


def test_client_logs_in_again_when_the_token_has_run_out():
    script = Script(
        refusal(401, "TOKEN_INVALID"), httpx.Response(200, json={"access_token": "t2"}), httpx.Response(200, json={})
    )

    answer, surprises = ask(script, lambda account: account.get("/auth/me"))

    assert answer.is_ok
    assert script.requests[2].headers["Authorization"] == "Bearer t2"
    assert surprises.lines() == []


def test_client_reads_a_list_to_its_end():
    script = Script(
        httpx.Response(200, json={"results": [{"n": 1}, {"n": 2}], "next": "http://demo/api/v1/offers?cursor=c"}),
        httpx.Response(200, json={"results": [{"n": 3}], "next": None}),
    )

    async def read(account):
        return [row["n"] async for row in account.listed("/offers")]

    rows, _ = ask(script, read)

    assert rows == [1, 2, 3]
    assert [str(request.url) for request in script.requests] == [
        "http://demo/api/v1/offers?page_size=100",
        "http://demo/api/v1/offers?cursor=c",
    ]


def test_client_survives_an_answer_that_is_no_json():
    script = Script(httpx.Response(502, text="<html>Bad gateway</html>"))

    answer, surprises = ask(script, lambda account: account.get(JOB))

    assert (answer.code, answer.body) == ("", "<html>Bad gateway</html>")
    assert surprises.server_errors == 1


def mail(to, text):
    return f"Subject: Code\nTo: {to}\nContent-Type: text/plain; charset=utf-8\n\n{text}\n{'-' * 79}\n"


async def read_codes(folder, *addresses, arriving):
    box = Mailbox(folder)
    post = asyncio.create_task(box.deliver())
    for name, content in arriving.items():
        (folder / name).write_text(content)
    codes = [await box.code_for(address, within_s=0.1) for address in addresses]
    post.cancel()
    return codes


def codes(folder, *addresses, **arriving):
    return asyncio.run(read_codes(folder, *addresses, arriving=arriving))


def test_mailbox_finds_the_code_of_each_address(tmp_path):
    both = mail("ada@x.example", "Hello,\n\n123456\n\nBye") + mail("ben@x.example", "  654321")

    assert codes(tmp_path, "ben@x.example", "ada@x.example", file=both) == ["654321", "123456"]


def test_mailbox_ignores_older_mail_and_other_numbers(tmp_path):
    (tmp_path / "old").write_text(mail("ada@x.example", "111111"))

    assert codes(tmp_path, "ada@x.example", new=mail("ada@x.example", "Your job 222222 is done.")) == [None]


def test_mailbox_gives_a_code_once(tmp_path):
    text = mail("ada@x.example", "123456")

    assert codes(tmp_path, "ada@x.example", "ada@x.example", file=text) == ["123456", None]


def test_mailbox_without_a_folder_is_empty(tmp_path):
    assert codes(tmp_path / "mail", "ada@x.example") == [None]


def test_mailbox_waits_for_a_mail_that_is_still_being_written(tmp_path):
    box, text = Mailbox(tmp_path), mail("ada@x.example", "123456")

    async def play():
        (tmp_path / "file").write_text(text[:-40])
        box.look()
        early = await box.code_for("ada@x.example", within_s=0.01)
        (tmp_path / "file").write_text(text)
        box.look()
        return early, await box.code_for("ada@x.example", within_s=0.01)

    assert asyncio.run(play()) == (None, "123456")


def test_mailbox_reads_what_is_added_to_a_file(tmp_path):
    box, first = Mailbox(tmp_path), mail("ada@x.example", "123456")

    async def play():
        (tmp_path / "file").write_text(first)
        box.look()
        (tmp_path / "file").write_text(first + mail("ben@x.example", "654321"))
        box.look()
        return [await box.code_for(f"{name}@x.example", within_s=0.01) for name in ("ada", "ben")]

    assert asyncio.run(play()) == ["123456", "654321"]


def test_mailbox_closes_a_file_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(demo_mailbox, "WATCHED_S", 0.0)
    box = Mailbox(tmp_path)
    (tmp_path / "file").write_text(mail("ada@x.example", "123456"))

    box.look()

    assert (box._settled, box._fresh) == ({"file"}, {})


def test_mailbox_rings_for_mail_that_came_meanwhile(tmp_path):
    box = Mailbox(tmp_path)

    async def play():
        (tmp_path / "file").write_text(mail("ada@x.example", "A new offer"))
        box.look()
        start = time.monotonic()
        await box.ring("ada@x.example", within_s=5)
        rang_after_s = time.monotonic() - start
        await box.ring("ada@x.example", within_s=0.05)
        return rang_after_s, time.monotonic() - start

    rang_after_s, waited_s = asyncio.run(play())
    assert rang_after_s < 1
    assert waited_s >= 0.05
