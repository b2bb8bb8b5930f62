from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.enums import Role
from accounts.tests.factories import UserFactory
from catalog.enums import PricingUnit
from catalog.models import FeeRate
from catalog.tests.factories import ServiceFactory
from fixmate.core.enums import UploadPurpose
from fixmate.core.errors import Invalid
from fixmate.core.files import UploadNotUsable
from fixmate.core.money import Money
from jobs.enums import JobEventKind, JobStatus, PhotoKind, PriceKind
from jobs.events import JobRequested
from jobs.models import Job, JobPhoto
from jobs.selectors import price_list
from jobs.tests.helpers import job_ordered, kinds_of, last_event, nothing_written, outbox, rows_of, stored, upload_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer():
    return UserFactory()


def _request(customer, service=None, **kwargs):
    return job_ordered(customer, service or ServiceFactory(), **kwargs)


def test_request_makes_a_job_with_its_first_event(noon, customer):
    service = ServiceFactory(duration_minutes=45)

    job = stored(_request(customer, service))

    assert (job.status, job.customer_id, job.service_id) == (JobStatus.REQUESTED, customer.pk, service.pk)
    assert (job.description, job.address) == ("The tap drips.", "12 Beacon Street")
    assert (job.latitude, job.longitude, job.scheduled_for) == (42.36, -71.06, None)
    assert (job.duration_minutes, job.created_at, job.technician_id) == (45, noon, None)
    assert kinds_of(job) == [JobEventKind.REQUESTED]
    rules = last_event(job).data["rules"]
    assert (rules["CANCELLATION_FEE_RATE"], rules["CANCELLATION_GRACE_S"]) == ("0.20", 300)
    event = last_event(job)
    assert (event.status, event.actor_id, event.actor_role) == (JobStatus.REQUESTED, customer.pk, Role.CUSTOMER)
    assert event.at == noon


def test_request_tells_who_listens_once(customer):
    job = _request(customer)

    assert outbox() == rows_of(JobRequested(job_id=job.pk))


def test_request_for_now_is_looked_at_by_the_timer_only_if_the_event_was_lost(noon, settings, customer):
    settings.PASS_LOST_S = 15

    job = _request(customer)

    assert stored(job).next_pass_at == noon + timedelta(seconds=15)


@pytest.mark.parametrize(
    ("ahead", "looked_at"),
    [
        (timedelta(hours=5), timedelta(hours=3)),
        (timedelta(hours=2), timedelta(seconds=15)),
        (timedelta(minutes=1), timedelta(seconds=15)),
    ],
)
def test_request_for_later_waits_for_its_lead_time(noon, settings, customer, ahead, looked_at):
    settings.DISPATCH_LEAD_S, settings.PASS_LOST_S = 7200, 15

    job = stored(_request(customer, scheduled_for=noon + ahead))

    assert (job.scheduled_for, job.next_pass_at) == (noon + ahead, noon + looked_at)
    assert job.status == JobStatus.REQUESTED


# The price


def test_request_quotes_the_price_once_by_a_named_rate(noon, customer):
    service = ServiceFactory(price_minor=9_990)
    FeeRate.objects.create(name="autumn", rate=Decimal("0.1250"), valid_from=noon - timedelta(days=1))

    job = _request(customer, service)

    (price,) = price_list(job.pk)
    assert (price.revision, price.kind, price.amount) == (1, PriceKind.QUOTE, Money(9_990, "USD"))
    assert (price.fee_rate, price.fee_source) == (Decimal("0.1250"), "autumn")
    assert (price.platform_fee_minor, price.technician_earnings_minor) == (1_249, 8_741)
    assert price.created_at == noon


def test_request_falls_back_to_the_rate_of_the_settings(settings, customer):
    settings.DEFAULT_FEE_RATE = Decimal("0.15")

    job = _request(customer, ServiceFactory(price_minor=10_000))

    (price,) = price_list(job.pk)
    assert (price.fee_source, price.fee_rate, price.platform_fee_minor) == ("default", Decimal("0.1500"), 1_500)


def test_request_rounds_the_fee_half_up(settings, customer):
    settings.DEFAULT_FEE_RATE = Decimal("0.15")

    job = _request(customer, ServiceFactory(price_minor=110))

    (price,) = price_list(job.pk)
    assert (price.platform_fee_minor, price.technician_earnings_minor) == (17, 93)  # 16.5


def test_request_quotes_an_hourly_service_for_its_usual_duration(customer):
    service = ServiceFactory(price_minor=8_000, pricing_unit=PricingUnit.HOURLY, duration_minutes=90)

    job = _request(customer, service)

    assert price_list(job.pk).get().amount == Money(12_000, "USD")


def test_request_keeps_its_price_when_the_service_becomes_dearer(customer):
    service = ServiceFactory(price_minor=10_000)
    job = _request(customer, service)

    service.price_minor = 20_000
    service.save()

    assert price_list(job.pk).get().amount == Money(10_000, "USD")


# Photos


def test_request_takes_the_photos_in_order(customer):
    uploads = [upload_of(customer) for _ in range(3)]

    job = _request(customer, photo_ids=[upload.pk for upload in reversed(uploads)])

    photos = JobPhoto.objects.filter(job=job).order_by("pk").select_related("upload")
    assert [photo.upload_id for photo in photos] == [upload.pk for upload in reversed(uploads)]
    assert {photo.kind for photo in photos} == {PhotoKind.PROBLEM}
    assert None not in {photo.upload.used_at for photo in photos}


def _upload_of_another(customer):
    return upload_of(UserFactory())


def _upload_for_something_else(customer):
    return upload_of(customer, UploadPurpose.EVIDENCE)


def _upload_in_use(customer):
    return upload_of(customer, used_at=timezone.now())


@pytest.mark.parametrize("unusable", [_upload_of_another, _upload_for_something_else, _upload_in_use])
def test_request_refuses_an_upload_that_cannot_be_used(customer, unusable):
    service = ServiceFactory()
    ids = [upload_of(customer).pk, unusable(customer).pk]

    with nothing_written(), pytest.raises(UploadNotUsable):
        _request(customer, service, photo_ids=ids)


def test_request_refuses_the_same_photo_twice(customer):
    service, upload = ServiceFactory(), upload_of(customer)

    with nothing_written(), pytest.raises(UploadNotUsable):
        _request(customer, service, photo_ids=[upload.pk, upload.pk])


# Refusals


def test_request_refuses_an_unknown_service(customer):
    with nothing_written(), pytest.raises(Invalid) as refusal:
        _request(customer, service_id=uuid4())

    assert list(refusal.value.details) == ["service_id"]


@pytest.mark.parametrize("is_category", [False, True])
def test_request_refuses_a_service_that_is_not_offered_any_more(customer, is_category):
    service = ServiceFactory()
    gone = service.category if is_category else service
    gone.deleted_at = timezone.now()
    gone.save()

    with nothing_written(), pytest.raises(Invalid) as refusal:
        _request(customer, service)

    assert list(refusal.value.details) == ["service_id"]


@pytest.mark.parametrize("ahead", [timedelta(0), -timedelta(seconds=1), timedelta(days=90, seconds=1)])
def test_request_refuses_a_time_that_cannot_be_booked(noon, settings, customer, ahead):
    settings.MAX_SCHEDULE_DAYS = 90
    service = ServiceFactory()

    with nothing_written(), pytest.raises(Invalid) as refusal:
        _request(customer, service, scheduled_for=noon + ahead)

    assert list(refusal.value.details) == ["scheduled_for"]


@pytest.mark.parametrize("ahead", [timedelta(seconds=1), timedelta(days=90)])
def test_request_takes_the_first_and_the_last_time(noon, settings, customer, ahead):
    settings.MAX_SCHEDULE_DAYS = 90

    job = _request(customer, scheduled_for=noon + ahead)

    assert Job.objects.get().scheduled_for == job.scheduled_for == noon + ahead
