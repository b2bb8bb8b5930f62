"""The work of staff by a stock OAuth2 client, which knows nothing of FixMate but its addresses."""

import pytest
from oauthlib.oauth2 import LegacyApplicationClient
from oauthlib.oauth2.rfc6749.errors import OAuth2Error
from requests_oauthlib import OAuth2Session

from fixmate.tests.live import LATITUDE, LONGITUDE, PASSWORD, STAFF_EMAIL, System, running, wait_for

pytestmark = [pytest.mark.live]


class Panel:
    """An admin panel: a session of the library, and the address of the API."""

    def __init__(self, system, password=PASSWORD):
        self.host, self.api = system.url, f"{system.url}/api/v1"
        self.http = OAuth2Session(client=LegacyApplicationClient(client_id="admin-panel"))
        self.http.fetch_token(f"{self.api}/auth/login", username=STAFF_EMAIL, password=password)

    def get(self, path, **query):
        return self._read(self.http.get(f"{self.api}/{path}", params=query))

    def rows(self, path, **query):
        return self.get(path, **query)["results"]

    def act(self, path, reason, **body):
        return self._read(self.http.post(f"{self.api}/{path}", json={"reason": reason, **body}))

    def file(self, url):
        answer = self.http.get(f"{self.host}{url}")
        assert answer.status_code == 200, answer.text
        return answer.headers["Content-Type"], answer.content

    def _read(self, answer):
        assert answer.status_code == 200, (answer.request.url, answer.status_code, answer.text)
        return answer.json()


@pytest.fixture
def system(tmp_path, installed, monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the servers of tests speak plain HTTP
    with running(System(tmp_path), installed) as system:
        yield system


def test_whole_work_of_staff(system):
    service_id = system.service_id()
    applicant, customer = system.join("TECHNICIAN"), system.join("CUSTOMER")
    apply(applicant, service_id)
    panel = Panel(system)

    me = panel.get("auth/me")
    assert (me["role"], me["email"]) == ("ADMIN", STAFF_EMAIL)

    technician_id = approve_who_waits(panel, applicant)
    job_id = call_a_job_off(panel, customer, service_id)
    restrict_and_reinstate(panel, customer, service_id)

    assert [(entry["action"], entry["target_id"]) for entry in panel.rows("admin/audit-log", actor=me["id"])][3:] == [
        ("job.cancel", job_id),
        ("technicians.technician.approve", technician_id),
        ("technicians.document.approve", panel.rows("admin/documents")[0]["id"]),
    ]
    figures = panel.get("admin/stats")
    assert (figures["now"]["jobs"]["CANCELLED"], figures["period"]["requested"]) == (1, 1)
    assert figures["now"]["technicians"]["VERIFIED"] == {"online": 0, "offline": 1}
    system.manage("check_invariants")
    system.manage("verify_audit")


def test_the_client_refreshes_by_itself_when_the_access_token_has_run_out(system):
    panel, kept = Panel(system), []
    first = dict(panel.http.token)
    panel.http.auto_refresh_url, panel.http.token_updater = f"{panel.api}/auth/refresh", kept.append
    panel.http.auto_refresh_kwargs = {"client_id": "admin-panel"}
    panel.http.token = {**first, "expires_in": -1, "expires_at": 1}

    staff = panel.rows("admin/users", role="ADMIN")  # the library sends its options along with the refresh

    assert [user["email"] for user in staff] == [STAFF_EMAIL]
    assert [token["token_type"] for token in kept] == ["bearer"]
    assert kept[0]["expires_in"] > 0
    assert first["access_token"] != panel.http.token["access_token"]
    assert first["refresh_token"] != panel.http.token["refresh_token"]


def test_a_wrong_password_is_an_error_of_the_library(system):
    with pytest.raises(OAuth2Error):
        Panel(system, password="not the password")


def apply(applicant, service_id):
    skills = {"bio": "Twenty years.", "years_experience": 20, "service_ids": [service_id], "travel_radius_km": 20}
    applicant.post("technicians/apply", 200, latitude=LATITUDE, longitude=LONGITUDE, **skills)
    applicant.upload_identity()


def approve_who_waits(panel, applicant):
    """Find the applicant, look at his papers and let him work; return his id."""
    (waiting,) = panel.rows("admin/technicians", verification="PENDING", search=applicant.email)
    technician = panel.get(f"admin/technicians/{waiting['id']}")
    (document,) = panel.rows("admin/documents", status="PENDING", technician=technician["id"])
    content_type, content = panel.file(document["file_url"])
    assert (content_type, content[1:4]) == ("image/png", b"PNG")

    panel.act(f"admin/documents/{document['id']}/approve", "The picture is his.")
    approved = panel.act(f"admin/technicians/{technician['id']}/approve", "Known and good.")

    assert (approved["verification"], approved["documents"][0]["status"]) == ("VERIFIED", "APPROVED")
    return technician["id"]


def call_a_job_off(panel, customer, service_id):
    """Watch a job that nobody can be found for, and call it off; return its id."""
    job_id = customer.request_job(service_id)
    wait_for(lambda: panel.rows("admin/jobs", status="MATCHING", search=customer.email))
    wait_for(lambda: panel.rows(f"jobs/{job_id}/matching"))
    assert panel.get(f"admin/jobs/{job_id}")["timeline"][-1]["kind"] == "REQUESTED"

    cancelled = panel.act(f"admin/jobs/{job_id}/cancel", "Nobody is near.")

    assert (cancelled["status"], cancelled["cancelled_by"]) == ("CANCELLED", "ADMIN")
    return job_id


def restrict_and_reinstate(panel, customer, service_id):
    (user,) = panel.rows("admin/users", email=customer.email)
    panel.act(f"admin/users/{user['id']}/restrict", "Two invoices are unpaid.")
    where = {"address": "12 Beacon Street", "latitude": LATITUDE, "longitude": LONGITUDE}
    refused = customer.post("jobs", 403, service_id=service_id, description="The tap drips.", **where)
    assert refused["error"]["code"] == "ACCOUNT_RESTRICTED"
    assert panel.get(f"admin/users/{user['id']}")["dossier"]["jobs"]["CANCELLED"] == 1
    wait_for(lambda: any("Subject: Your account is restricted" in mail for mail in system_mails(customer)))

    panel.act(f"admin/users/{user['id']}/suspend", "Found to be somebody else.")
    panel.act(f"admin/users/{user['id']}/reinstate", "It was a mistake.")


def system_mails(person):
    return person.system.mails_to(person.email)
