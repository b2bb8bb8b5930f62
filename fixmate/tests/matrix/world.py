"""One customer's jobs, and who has to do with them or has not: built once, and rolled back after each look."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.api.tokens import TokenPair, pair_of
from accounts.enums import SocialProvider, UserStatus
from accounts.models import Session, SocialIdentity, User
from accounts.tests.factories import PASSWORD, UserFactory
from catalog.tests.factories import CategoryFactory, ServiceFactory
from disputes.models import Dispute
from disputes.tests.factories import DisputeFactory, evidence_of
from fixmate.core.enums import UploadPurpose
from fixmate.core.models import AuditEntry, Upload
from fixmate.core.storage import LINK_SALT
from fixmate.core.tests.pictures import picture
from fixmate.tests.matrix.rules import ACTORS, STAFF, role_of
from fixmate.tests.matrix.table import Row
from jobs.enums import BlockSide, PhotoKind
from jobs.models import Block, Job
from jobs.services.request import job_photos_add
from jobs.tests.factories import job_assigned, job_completed, job_matching, job_unmatched
from jobs.tests.helpers import upload_of
from matching.enums import AlertKind, RolloutMode
from matching.models import Offer
from matching.policies.index import IndexPolicy
from matching.services import policy_version_add, rollout_start
from matching.services.alerts import alert_open
from matching.tests.factories import OfferFactory, offer_expired, offer_rejected
from notifications.tests.factories import NotificationFactory
from payments.tests.factories import (
    PaymentFactory,
    chargeback_of,
    job_cancelled_with_fee,
    payment_captured,
    payment_held,
    refund_and_payout,
)
from reviews.tests.factories import HidingFactory, ReviewFactory, photo_of
from technicians.models import Technician, TimeOff
from technicians.tests.factories import DocumentFactory, TechnicianFactory, skill_add, technician_ready

AVATAR, DOCUMENT, PHOTO = "avatars/world.png", "documents/world.pdf", "uploads/world.png"
NO_NUMBER = 10**17
STREET, LATITUDE, LONGITUDE = "47 Planted Lane", 42.361234, -71.061234
_TRAITS = {"C": {}, "T": {"technician": True}, "A": {"admin": True}}
_STATUS = {"unverified": UserStatus.PENDING, "restricted": UserStatus.RESTRICTED}
_PLACE = {"address": STREET, "latitude": LATITUDE, "longitude": LONGITUDE}


@dataclass
class World:
    """The people by the name of their part, the ids of the things, and what bodies are made of."""

    people: dict[str, User] = field(default_factory=dict)
    technicians: dict[str, Technician] = field(default_factory=dict)
    tokens: dict[str, TokenPair] = field(default_factory=dict)
    ids: dict[str, Any] = field(default_factory=dict)
    answers: dict[tuple[str, str], Any] = field(default_factory=dict)  # to what was asked rightly before
    _clients: dict[str, APIClient] = field(default_factory=dict)

    def client(self, actor: str) -> APIClient:
        if actor not in self._clients:
            self._clients[actor] = APIClient()
            if actor in self.tokens:
                self._clients[actor].credentials(HTTP_AUTHORIZATION=f"Bearer {self.tokens[actor].access_token}")
        return self._clients[actor]

    def address(self, row: Row) -> str:
        link = signing.dumps([DOCUMENT, "licence.pdf", "application/pdf"], salt=LINK_SALT)
        return row.path.format(**self.ids, link=link)

    def unknown_address(self, row: Row) -> str:
        """Return where nothing is, under ids such as the right ones."""
        numbers = {thing: isinstance(self.ids.get(thing), int) for thing in row.things}
        return row.path.format(**{thing: NO_NUMBER if is_number else uuid4() for thing, is_number in numbers.items()})


@contextmanager
def undone() -> Iterator[None]:
    """Take back whatever happens to the database meanwhile."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def files_written() -> None:
    """Put the files that rows name into the storage of this test."""
    default_storage.save(AVATAR, ContentFile(picture("PNG")))
    default_storage.save(PHOTO, ContentFile(picture("PNG")))
    default_storage.save(DOCUMENT, ContentFile(b"%PDF-1.4\n%%EOF\n"))


def world_built() -> World:
    world = World()
    category = CategoryFactory()
    service = ServiceFactory(category=category)
    _people(world)
    _technicians(world, service)
    _catalogue(world, category, service)
    _jobs(world, service)
    _offer(world)
    _money(world)
    _papers(world)
    _staff_things(world, service)
    _sessions(world)
    return world


# People


def person(name: str, number: int, **kwargs: Any) -> User:
    """Return an account with a mail address, a proven phone number, a password, and a surname of its own."""
    return UserFactory(
        email=f"{name}@planted.example",
        phone=f"+1617555{number:04d}",
        phone_verified_at=timezone.now(),
        first_name=name.title(),
        last_name=f"Surname{name}",
        password=PASSWORD,
        **kwargs,
    )


def _people(world: World) -> None:
    for number, actor in enumerate(ACTORS[1:], start=100):
        facts = {"status": _STATUS.get(actor, UserStatus.ACTIVE), "is_dispatcher": actor == "admin"}
        world.people[actor] = person(actor, number, **_TRAITS[role_of(actor)], **facts)
    world.people["owner"].avatar = AVATAR
    world.people["owner"].save(update_fields=["avatar"])


def _technicians(world: World, service: Any) -> None:
    for actor, user in world.people.items():
        if role_of(actor) != "T":
            continue
        if actor == "assigned":
            world.technicians[actor] = technician_ready(service, user=user)
            continue
        technician = TechnicianFactory(user=user, suspended=actor == "benched")
        skill_add(technician, service)
        world.technicians[actor] = technician
    world.technicians["applicant"] = TechnicianFactory(pending=True)
    DocumentFactory(technician=world.technicians["applicant"], approved=True)
    world.ids |= {
        "technician": world.technicians["assigned"].pk,
        "benched": world.technicians["benched"].pk,
        "applicant": world.technicians["applicant"].pk,
        "barred": world.technicians["suspended"].pk,
        "owner": world.people["owner"].pk,
        "customer": world.people["customer"].pk,
        "suspended": world.people["suspended"].pk,
    }


def _sessions(world: World) -> None:
    """Log everybody in, and shut the one account out afterwards: its token is from before."""
    for actor, user in world.people.items():
        world.tokens[actor] = pair_of(session_of(user, has_shown_factor=actor in STAFF))
    world.tokens["spare"] = pair_of(session_of(world.people["customer"]))
    world.ids["session"] = session_of(world.people["owner"]).pk
    sign_in = SocialIdentity.objects.create(user=world.people["owner"], provider=SocialProvider.GOOGLE, subject="1077")
    world.ids["identity"] = sign_in.pk
    suspended = world.people["suspended"]
    suspended.suspend()
    suspended.save(update_fields=["status"])


def session_of(user: User, *, has_shown_factor: bool = False) -> Session:
    """Return a login of just now."""
    at = timezone.now()
    facts = {"created_at": at, "authenticated_at": at, "expires_at": at + timedelta(days=1)}
    shown_at = at if has_shown_factor else None
    return Session.objects.create(user=user, refresh_jti=uuid4(), second_factor_at=shown_at, **facts)


# Things


def _catalogue(world: World, category: Any, service: Any) -> None:
    gone = timezone.now()
    world.ids |= {
        "category": category.pk,
        "service": service.pk,
        "category_deleted": CategoryFactory(deleted_at=gone).pk,
        "service_deleted": ServiceFactory(category=category, deleted_at=gone).pk,
    }


def _jobs(world: World, service: Any) -> None:
    owner, assigned, now = world.people["owner"], world.technicians["assigned"], timezone.now()
    facts = {"customer": owner, "service": service, **_PLACE}
    job = job_assigned(assigned, created_at=now, **facts)
    jobs = {
        "job": job,
        "job_open": job_matching(created_at=now, scheduled_for=now + timedelta(days=3), **facts),
        "job_unmatched": job_unmatched(created_at=now, **facts),
        "job_done": job_completed(assigned, created_at=now - timedelta(days=2), **facts),
        "job_disputed": job_completed(assigned, created_at=now - timedelta(days=3), **facts),
    }
    world.ids |= {name: one.pk for name, one in jobs.items()} | {"quote": 1}
    photo = upload_of(owner, file=PHOTO, used_at=now)
    job_photos_add(job, [photo], PhotoKind.PROBLEM)
    world.ids["job_photo"] = photo.pk
    for one in (job, jobs["job_open"]):
        past_offers(world, one)


def past_offers(world: World, job: Job) -> None:
    """Have the job been offered to the others before: one declined, one let it run out, one gave it back."""
    past = {"job": job, "created_at": timezone.now() - timedelta(hours=1)}
    offer_rejected(technician=world.technicians["rejected"], number=1, **past)
    offer_expired(technician=world.technicians["expired"], number=2, **past)
    offer_released(technician=world.technicians["released"], number=3, **past)


def offer_released(**kwargs: Any) -> Offer:
    offer = OfferFactory(**kwargs)
    offer.accept(at=offer.created_at)
    offer.release(at=offer.created_at)
    offer.save()
    return offer


def _offer(world: World) -> None:
    job = Job.objects.get(pk=world.ids["job_open"])
    expires_at = timezone.now() + timedelta(hours=1)
    offer = OfferFactory(job=job, technician=world.technicians["assigned"], number=4, expires_at=expires_at)
    world.ids["offer"] = offer.pk


def _money(world: World) -> None:
    done, disputed = (Job.objects.get(pk=world.ids[name]) for name in ("job_done", "job_disputed"))
    taken = payment_captured(job=disputed)
    refund, payout = refund_and_payout(world.technicians["assigned"])
    world.ids |= {
        "payment_taken": taken.pk,
        "payment_owed": PaymentFactory(job=job_cancelled_with_fee(created_at=done.created_at)).pk,
        "refund": refund.pk,
        "payout": payout.pk,
        "provider": "stripe",  # without keys, as everywhere else in the tests
        "chargeback": chargeback_of(payment_held()).pk,
        "payment": PaymentFactory(job=done).pk,
        "evidence": _evidence(world, DisputeFactory(job=disputed)),
    }
    _reviews(world, disputed)


def _reviews(world: World, job: Job) -> None:
    review, technician = ReviewFactory(job=job), world.technicians["assigned"]
    Technician.objects.filter(pk=technician.pk).update(rating_sum=review.rating, rating_count=1)
    hidden = HidingFactory()
    world.ids |= {
        "review": review.pk,
        "photo": photo_of(review, file=PHOTO).upload_id,
        "review_hidden": hidden.review_id,
        "upload_of_review": upload_of(world.people["owner"], UploadPurpose.REVIEW_PHOTO).pk,
    }


def _evidence(world: World, dispute: Dispute) -> UUID:
    """Have the owner hand in a file, and send in another that nothing uses yet."""
    owner = world.people["owner"]
    held, unused = (upload_of(owner, purpose=UploadPurpose.EVIDENCE) for _ in range(2))
    Upload.objects.filter(pk=held.pk).update(file=DOCUMENT, content_type="application/pdf", used_at=timezone.now())
    world.ids |= {"dispute": dispute.pk, "proof": unused.pk}
    return evidence_of(dispute, held).pk


def _papers(world: World) -> None:
    owner, assigned = world.people["owner"], world.technicians["assigned"]
    tomorrow = timezone.now() + timedelta(days=1)
    away = TimeOff.objects.create(technician=assigned, starts_at=tomorrow, ends_at=tomorrow + timedelta(hours=1))
    world.ids |= {
        "document": DocumentFactory(technician=assigned, file=DOCUMENT).pk,
        "time_off": away.pk,
        "notification": NotificationFactory(user=owner).pk,
        "block": _block(world).pk,
        "upload": upload_of(owner).pk,
    }


def _block(world: World) -> Block:
    job = Job.objects.get(pk=world.ids["job_done"])
    facts = {"customer": job.customer, "technician": world.technicians["released"], "set_by": BlockSide.CUSTOMER}
    return Block.objects.create(job=job, created_at=timezone.now(), **facts)


def _staff_things(world: World, service: Any) -> None:
    job, staff = Job.objects.get(pk=world.ids["job_unmatched"]), world.people["admin"]
    alert = alert_open(AlertKind.UNMATCHED, str(job.pk), job=job, service=service, search_number=1)
    params = {**IndexPolicy.defaults, "offer_cost": 8.0}
    version, _ = policy_version_add(key=IndexPolicy.key, params=params, note="", actor=staff, reason="A look.")
    rollout = rollout_start(
        version_id=version.pk, service_id=None, mode=RolloutMode.SHADOW, percent=100, actor=staff, reason="A look."
    )
    entry = AuditEntry.objects.latest("pk")
    world.ids |= {"alert": alert.pk, "version": version.pk, "rollout": rollout.pk, "entry": entry.sequence}
