"""One job in each state, with everybody who has or had to do with it, and values planted that may not get about."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.enums import Role
from accounts.models import User
from disputes.enums import DeadlineKind, DisputeEventKind, DisputeSide
from disputes.models import DisputeDeadline, DisputeEvent
from disputes.tests.factories import DisputeFactory, evidence_of
from fixmate.tests.matrix.world import LATITUDE, LONGITUDE, STREET, offer_released, person
from jobs.enums import BlockSide, CancelReason, JobEventKind, JobStatus, PhotoKind, QuoteStatus
from jobs.models import Block, Job
from jobs.rules import quote_code, start_code
from jobs.services.history import job_event_add
from jobs.services.request import job_photos_add
from jobs.tests.factories import JobFactory, quote_for
from jobs.tests.helpers import upload_of
from matching.tests.factories import OfferFactory, offer_expired
from notifications import services as news
from payments.tests.factories import PaymentFactory, payment_captured
from reviews.tests.factories import HidingFactory, ReplyFactory, ReviewFactory, photo_of
from technicians.tests.factories import TechnicianFactory

TECHNICIANS = ("assigned", "released", "offered", "stranger")
ROLES = ("customer", *TECHNICIANS, "staff")
_EDGE = timedelta(minutes=5)
_LONG = timedelta(days=settings.CONTACT_VISIBLE_DAYS)
_SHORT = timedelta(days=settings.TECHNICIAN_PHONE_DAYS)
# State, how it is called in the table, and how long ago all happened
STATES: dict[str, tuple[JobStatus, timedelta]] = {
    "REQUESTED": (JobStatus.REQUESTED, timedelta()),
    "MATCHING": (JobStatus.MATCHING, timedelta()),
    "UNMATCHED": (JobStatus.UNMATCHED, timedelta()),
    "ASSIGNED": (JobStatus.ASSIGNED, timedelta()),
    "IN_PROGRESS": (JobStatus.IN_PROGRESS, timedelta()),
    "COMPLETED": (JobStatus.COMPLETED, timedelta()),
    "COMPLETED+14d": (JobStatus.COMPLETED, _SHORT - _EDGE),
    "COMPLETED+15d": (JobStatus.COMPLETED, _SHORT + _EDGE),
    "COMPLETED+30d": (JobStatus.COMPLETED, _LONG - _EDGE),
    "COMPLETED+31d": (JobStatus.COMPLETED, _LONG + _EDGE),
    "CANCELLED": (JobStatus.CANCELLED, timedelta()),
    "CANCELLED+31d": (JobStatus.CANCELLED, _LONG + _EDGE),
}
_NOBODY_HAS_IT = (JobStatus.REQUESTED, JobStatus.MATCHING, JobStatus.UNMATCHED)


@dataclass
class Scene:
    job: Job
    people: dict[str, User]
    technicians: dict[str, Any]
    ids: dict[str, Any] = field(default_factory=dict)

    @property
    def has_technician(self) -> bool:
        return self.job.status not in _NOBODY_HAS_IT

    def planted(self) -> dict[str, Any]:
        """Return what is to be looked for, by whose it is and what."""
        values: dict[str, Any] = {"job.street": STREET, "job.latitude": LATITUDE, "job.longitude": LONGITUDE}
        if self.job.status == JobStatus.ASSIGNED:
            values["job.start_code"] = start_code(self.job)
        for quote in self.job.quotes.filter(status=QuoteStatus.PROPOSED):
            values["job.quote_code"] = quote_code(quote)
        for role, user in self.people.items():
            values |= {f"{role}.email": user.email, f"{role}.phone": user.phone, f"{role}.surname": user.last_name}
        for role, technician in self.technicians.items():
            values[f"{role}.base"] = technician.base_latitude
        return values


def scene_of(state: str) -> Scene:
    status, age = STATES[state]
    at = timezone.now() - age
    people = {role: person(role, 200 + number, **_traits(role)) for number, role in enumerate(ROLES)}
    technicians = {
        role: TechnicianFactory(user=people[role], base_latitude=42.3711 + number / 1000)
        for number, role in enumerate(TECHNICIANS)
    }
    place = {"address": STREET, "latitude": LATITUDE, "longitude": LONGITUDE}
    scene = Scene(JobFactory(customer=people["customer"], created_at=at, **place), people, technicians)
    _brought_to(scene, status, at)
    _offered(scene, at)
    _remarked(scene, at)
    _proposed(scene, at)
    _settled(scene, at)
    _told(scene)
    return scene


def _traits(role: str) -> dict[str, Any]:
    return {"technician": True} if role in TECHNICIANS else {"admin": role == "staff"}


def _brought_to(scene: Scene, status: JobStatus, at: datetime) -> None:
    job = scene.job
    for step in _STEPS[status]:
        step(scene, at)
    job.save()


def _assign(scene: Scene, at: datetime) -> None:
    booked_until = at + timedelta(hours=1)
    scene.job.assign(technician=scene.technicians["assigned"], booked_from=at, booked_until=booked_until, at=at)


def _cancel(scene: Scene, at: datetime) -> None:
    scene.job.cancel(reason=CancelReason.NOT_NEEDED, note="", by=Role.CUSTOMER, at=at)


_Step = Callable[[Scene, datetime], None]
_SEARCHED: list[_Step] = [lambda scene, at: scene.job.begin_matching(at=at)]
_BOOKED: list[_Step] = [*_SEARCHED, _assign]
_BEGUN: list[_Step] = [*_BOOKED, lambda scene, at: scene.job.start(at=at)]
_STEPS: dict[JobStatus, list[_Step]] = {
    JobStatus.REQUESTED: [],
    JobStatus.MATCHING: _SEARCHED,
    JobStatus.UNMATCHED: [*_SEARCHED, lambda scene, at: scene.job.give_up()],
    JobStatus.ASSIGNED: _BOOKED,
    JobStatus.IN_PROGRESS: _BEGUN,
    JobStatus.COMPLETED: [*_BEGUN, lambda scene, at: scene.job.complete(work_summary="New washer.", at=at)],
    JobStatus.CANCELLED: [*_BOOKED, _cancel],
}


def _offered(scene: Scene, at: datetime) -> None:
    """Let the one have given it back, and the other have an offer: an open one while somebody is looked for."""
    job, technicians = scene.job, scene.technicians
    if job.status == JobStatus.REQUESTED:
        return
    past = {"job": job, "created_at": at}
    scene.ids["offer:released"] = offer_released(technician=technicians["released"], number=1, **past).pk
    if job.status == JobStatus.MATCHING:
        later = {"expires_at": at + timedelta(hours=1)}
        offered = OfferFactory(technician=technicians["offered"], number=2, **past, **later)
        news.notification_tell_offer_created(offer_id=offered.pk)
    else:
        offered = offer_expired(technician=technicians["offered"], number=2, **past)
        news.notification_tell_offer_expired(offer_id=offered.pk)
    scene.ids["offer:offered"] = offered.pk
    if scene.has_technician:
        own = OfferFactory(technician=technicians["assigned"], number=3, **past)
        own.accept(at=at)
        own.save()
        scene.ids["offer:assigned"] = own.pk


def _remarked(scene: Scene, at: datetime) -> None:
    job, customer = scene.job, scene.people["customer"]
    job_photos_add(job, [upload_of(customer, used_at=at)], PhotoKind.PROBLEM)
    job_event_add(job, kind=JobEventKind.NOTE, actor=customer, note="Ring twice.", at=at)
    if scene.has_technician:
        job_event_add(job, kind=JobEventKind.NOTE, actor=scene.people["assigned"], note="On my way.", at=at)


def _proposed(scene: Scene, at: datetime) -> None:
    """Have the technician find more to do: while he works the customer has yet to answer."""
    job = scene.job
    if job.status == JobStatus.IN_PROGRESS:
        quote = quote_for(job, proposed_at=at)
        news.notification_tell_quote_proposed(job_id=job.pk, quote_id=quote.pk)
    if job.status == JobStatus.COMPLETED:
        quote_for(job, proposed_at=at, status=QuoteStatus.WITHDRAWN, closed_at=at)


def _settled(scene: Scene, at: datetime) -> None:
    job = scene.job
    is_done = job.status == JobStatus.COMPLETED
    payment = payment_captured(job=job, at=at) if is_done else PaymentFactory(job=job)
    scene.ids["payment"] = payment.pk
    if is_done:
        news.notification_tell_payment_captured(payment_id=payment.pk)
        _reviewed(scene)
    if scene.has_technician:
        _quarrelled(scene, at)


def _reviewed(scene: Scene) -> None:
    review = ReviewFactory(job=scene.job)
    photo_of(review)
    ReplyFactory(review=review)
    HidingFactory(review=review, is_hidden=False)
    news.notification_tell_review_created(review_id=review.pk)
    news.notification_tell_review_replied(review_id=review.pk)
    scene.ids["review"] = review.pk


def _quarrelled(scene: Scene, at: datetime) -> None:
    job, technician = scene.job, scene.technicians["assigned"]
    dispute = DisputeFactory(job=job)
    told = {"dispute": dispute, "kind": DisputeEventKind.MESSAGE, "at": at}
    for role in ("customer", "assigned", "staff"):
        actor = scene.people[role]
        DisputeEvent.objects.create(actor=actor, actor_role=actor.role, text="Well.", **told)
    evidence_of(dispute, upload_of(scene.people["customer"], used_at=at))
    owed = {"remind_at": at, "due_at": at + timedelta(days=3)}
    DisputeDeadline.objects.create(dispute=dispute, kind=DeadlineKind.SIDE_ANSWER, side=DisputeSide.TECHNICIAN, **owed)
    news.notification_tell_dispute_opened(dispute_id=dispute.pk)
    scene.ids["dispute"] = dispute.pk
    for side in BlockSide:
        Block.objects.create(customer=job.customer, technician=technician, set_by=side, job=job, created_at=at)


def _told(scene: Scene) -> None:
    """Tell everybody what there is to tell: what no longer fits tells itself to nobody."""
    job_id, had_by = scene.job.pk, scene.technicians["released"].pk
    news.notification_tell_job_requested(job_id=job_id)
    news.notification_tell_job_released(job_id=job_id, technician_id=had_by)
    news.notification_tell_job_unmatched(job_id=job_id)
    if not scene.has_technician:
        return
    has_it = scene.technicians["assigned"].pk
    news.notification_tell_job_assigned(job_id=job_id, technician_id=has_it)
    news.notification_tell_job_started(job_id=job_id, technician_id=has_it)
    if scene.job.status == JobStatus.COMPLETED:
        news.notification_tell_job_completed(job_id=job_id, technician_id=has_it)
    if scene.job.status == JobStatus.CANCELLED:
        facts = {"has_fee": False, "cancelled_by": Role.CUSTOMER}
        news.notification_tell_job_cancelled(job_id=job_id, technician_id=has_it, **facts)
