"""The main job through real processes, on whichever database the tests run."""

import pytest

from fixmate.tests.live import LATITUDE, LONGITUDE, System, running, wait_for

pytestmark = [pytest.mark.live]


@pytest.fixture
def system(tmp_path, installed, request):
    with running(System(tmp_path, env=getattr(request, "param", {})), installed) as system:
        yield system


def test_whole_job_from_registration_to_review(system):
    service_id = system.service_id()
    technician, customer = system.technician(service_id), system.join("CUSTOMER")
    job_id = customer.request_job(service_id)

    offer_id = wait_for(technician.open_offer)
    technician.post(f"offers/{offer_id}/seen", 204)
    technician.post(f"offers/{offer_id}/accept", 200)
    code = customer.job_in(job_id, "ASSIGNED")["start_code"]
    here = {"latitude": LATITUDE, "longitude": LONGITUDE}
    technician.post(f"jobs/{job_id}/start", 200, start_code=code, **here)
    technician.post(f"jobs/{job_id}/complete", 200, work_summary="New washer.")
    customer.post(f"jobs/{job_id}/review", 201, rating=5, comment="Quick and kind.")

    kinds = [event["kind"] for event in customer.get(f"jobs/{job_id}/timeline")["results"]]
    payment = wait_for(lambda: captured(customer))
    assert kinds == ["REQUESTED", "MATCHING_STARTED", "ASSIGNED", "STARTED", "COMPLETED"]
    assert float(payment["amount"]["amount"]) == pytest.approx(
        float(payment["platform_fee"]["amount"]) + float(payment["technician_earnings"]["amount"])
    )
    assert technician.get("technicians/me")["rating"] == 5.0
    wait_for(lambda: "JOB_COMPLETED" in told(customer))
    wait_for(lambda: any("Subject: Done:" in mail for mail in system.mails_to(customer.email)))
    system.manage("check_invariants")
    system.manage("verify_audit")


def captured(person):
    payments = person.get("payments?status=CAPTURED")["results"]
    return payments[0] if payments else None


def told(person):
    return [notification["kind"] for notification in person.get("notifications?page_size=100")["results"]]


def test_killed_worker_strands_nobody(system):
    service_id = system.service_id()
    first, second = system.technician(service_id, offset=0.005), system.technician(service_id, offset=0.02)
    customer = system.join("CUSTOMER")
    job_id = customer.request_job(service_id)
    wait_for(first.open_offer)

    system.kill("work")  # while the offer is open: nobody is left to see it run out
    system.start_work()

    offer_id = wait_for(second.open_offer)
    second.post(f"offers/{offer_id}/accept", 200)
    assert customer.get(f"jobs/{job_id}")["status"] == "ASSIGNED"
    history = [offer["status"] for offer in system.staff().get(f"offers?job={job_id}&ordering=created_at")["results"]]
    assert history == ["EXPIRED", "ACCEPTED"]
    system.manage("check_invariants")


@pytest.mark.parametrize("system", [{"OFFER_TIMEOUT_S": "30"}], indirect=True, ids=["patient"])
def test_worker_killed_again_and_again_loses_and_doubles_nothing(system):
    service_id = system.service_id()
    technicians = [system.technician(service_id, offset=0.001 * number) for number in range(3)]
    customer = system.join("CUSTOMER")
    job_ids = [customer.request_job(service_id) for _ in range(3)]

    for _ in range(4):
        system.kill("work")
        system.start_work()
        wait_for(lambda: any(technician.open_offer() for technician in technicians) or all_assigned(customer, job_ids))
        accept_all(technicians)
    wait_for(lambda: accept_all(technicians) or all_assigned(customer, job_ids))

    wait_for(lambda: told(customer).count("JOB_ASSIGNED") == len(job_ids))
    system.manage("check_invariants")


def accept_all(technicians):
    for technician in technicians:
        offer_id = technician.open_offer()
        if offer_id:
            technician.post(f"offers/{offer_id}/accept", (200, 409))


def all_assigned(customer, job_ids):
    return all(customer.get(f"jobs/{job_id}")["status"] == "ASSIGNED" for job_id in job_ids)
