"""The log of real processes over a whole job, with plants in all that people send."""

import re

import httpx
import pytest

from fixmate.tests.live import LATITUDE, LONGITUDE, PASSWORD, STAFF_EMAIL, System, running, wait_for
from fixmate.tests.planted import PLANTS, SECRETS, faults_of

pytestmark = [pytest.mark.live]
STARTED = ("[INFO] ", "[WARNING] Configuration ")  # granian tells so of its own start


@pytest.fixture
def system(tmp_path, installed):
    with running(System(tmp_path, env={"LOG_LEVEL": "DEBUG"}), installed) as system:
        yield system


def sent(system, method, path, **more):
    """Send it as it is, whatever a client library would mend."""
    with httpx.Client(base_url=system.url, timeout=20) as client:
        return client.request(method, path, **more).status_code


def plant_everywhere(system, person):
    for plant in PLANTS:
        plain = "".join(character for character in plant if " " < character < "\x7f") or "x"  # all a header can hold
        headers = {"User-Agent": plain, "X-Request-ID": plain, "Idempotency-Key": plain, "Referer": plain}
        for token in (plain, person.http.headers["Authorization"].removeprefix("Bearer ")):
            known = {**headers, "Authorization": f"Bearer {token}"}
            body = {"description": plant, "address": plant, "note": plant, "code": plant, plant: plant}
            statuses = [
                sent(system, "POST", "/api/v1/jobs", json=body, headers=known),
                sent(system, "GET", "/api/v1/jobs", params={"status": plant, "token": plant}, headers=known),
                sent(system, "GET", f"/api/v1/jobs/{httpx.QueryParams(x=plant)}", headers=known),
                sent(system, "POST", "/api/v1/auth/login", json={"email": plant, "password": plant}, headers=headers),
                sent(system, "POST", "/api/v1/uploads", files={"file": (plant, b"x")}, headers=known),
            ]
            assert set(statuses) <= {400, 401, 403, 404, 409, 415}, statuses


def whole_job(system):
    """Take a job from its request to its review; return everything secret that was sent or answered."""
    service_id = system.service_id()
    technician, customer = system.technician(service_id), system.join("CUSTOMER")
    job_id = customer.request_job(service_id)
    offer_id = wait_for(technician.open_offer)
    technician.post(f"offers/{offer_id}/accept", 200)
    start_code = customer.job_in(job_id, "ASSIGNED")["start_code"]
    technician.post(f"jobs/{job_id}/start", 200, start_code=start_code, latitude=LATITUDE, longitude=LONGITUDE)
    technician.post(f"jobs/{job_id}/complete", 200, work_summary="New washer.")
    wait_for(lambda: any("Subject: Done:" in mail for mail in system.mails_to(customer.email)))
    people = (technician, customer)
    tokens = [person.http.headers["Authorization"].removeprefix("Bearer ") for person in people]
    letters = [letter for person in people for letter in system.mails_to(person.email)]
    codes = [code for letter in letters for code in re.findall(r"^\d{6}$", letter, flags=re.M)]
    assert len(codes) == len(people)
    plant_everywhere(system, customer)
    return [PASSWORD, STAFF_EMAIL, *tokens, *codes, *(person.email for person in people), "12 Beacon Street"]


def test_the_log_of_a_whole_job_has_one_line_an_event_and_no_secret(system):
    secrets = whole_job(system)

    logs = {name: (system.folder / f"{name}.log").read_text() for name in ("web", "work")}
    for name, text in logs.items():
        lines = [line for line in text.splitlines(keepends=True) if not line.startswith(STARTED)]
        assert faults_of("".join(lines), {*SECRETS, *secrets}) == [], name
    assert "Not Found" in logs["web"]
