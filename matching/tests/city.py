"""A town whose technicians and jobs change at random, for what must hold whatever happens."""

from datetime import timedelta
from random import Random

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ServiceFactory
from fixmate.core import clock
from fixmate.core.errors import DomainError
from jobs.enums import BlockSide, CancelReason, JobStatus
from jobs.models import Block, Job
from jobs.services import job_complete_by_technician, job_release_by_technician, job_start_by_technician
from jobs.tests.factories import job_matching
from matching.enums import OfferStatus, RejectReason
from matching.models import Offer
from matching.services import (
    job_exclude,
    matching_run_pass,
    offer_accept,
    offer_expire_due,
    offer_mark_seen,
    offer_reject,
)
from matching.tests.helpers import KM
from matching.tests.past import STEP
from technicians.availability import Slot
from technicians.models import Technician
from technicians.services import (
    availability_replace,
    position_record,
    technician_go_offline,
    technician_go_online,
    technician_profile_update,
    technician_reinstate,
    technician_suspend,
    time_off_add,
)
from technicians.tests.factories import technician_ready


class City:
    """A few technicians and jobs, to whom things happen one after another."""

    def __init__(self, seed, at):
        self.lot, self.at = Random(seed), at
        self.staff = UserFactory(admin=True)
        self.services = [ServiceFactory(), ServiceFactory()]
        self.customers = [UserFactory(), UserFactory()]
        with clock.frozen(at):
            self.technicians = [self._technician() for _ in range(6)]
        self.jobs = []

    def _technician(self):
        north, east = self.lot.uniform(-6, 6) * KM, self.lot.uniform(-6, 6) * KM
        technician = technician_ready(
            self.services[0],
            latitude=42.36 + north,
            longitude=-71.06 + east,
            base_latitude=42.36 + north,
            base_longitude=-71.06 + east,
            travel_radius_m=self.lot.choice([3_000, 8_000, 20_000]),
            time_zone=self.lot.choice(["UTC", "America/New_York"]),
        )
        technician_profile_update(
            technician_id=technician.pk, service_ids=[service.pk for service in self.services[: self.lot.randint(1, 2)]]
        )
        return technician

    def live(self, steps):
        acts = [self.request, self.search, self.search, self.search, self.answer, self.answer, self.answer, self.work]
        acts += [self.presence, self.move, self.profile, self.hours, self.away, self.block, self.exclude, self.suspend]
        for _ in range(steps):
            self.at += STEP * self.lot.randint(1, 4)
            with clock.frozen(self.at):
                try:
                    self.lot.choice(acts)()
                except DomainError:
                    continue

    def request(self):
        ahead = self.lot.choice([None, None, timedelta(minutes=100), timedelta(hours=3)])
        self.jobs.append(
            job_matching(
                customer=self.lot.choice(self.customers),
                service=self.lot.choice(self.services),
                created_at=self.at,
                scheduled_for=self.at + ahead if ahead else None,
                latitude=42.36 + self.lot.uniform(-4, 4) * KM,
            )
        )

    def search(self):
        """Look for every job, one moment after the other: two things at the same one have no order."""
        for job in Job.objects.filter(status=JobStatus.MATCHING):
            self.at += STEP
            with clock.frozen(self.at):
                matching_run_pass(job_id=job.pk)

    def answer(self):
        offer_expire_due()
        for offer in Offer.objects.filter(status=OfferStatus.PENDING).select_related("technician__user"):
            actor = offer.technician.user
            what = self.lot.choice(["accept", "reject", "seen", "nothing"])
            if what == "accept":
                offer_accept(offer_id=offer.pk, actor=actor)
            elif what == "reject":
                offer_reject(offer_id=offer.pk, actor=actor, reason=self.lot.choice(list(RejectReason)))
            elif what == "seen":
                offer_mark_seen(offer_id=offer.pk, actor=actor)

    def work(self):
        for job in Job.objects.filter(technician__isnull=False).select_related("technician__user"):
            actor, here = job.technician.user, None
            if job.status == JobStatus.IN_PROGRESS:
                job_complete_by_technician(job_id=job.pk, actor=actor, work_summary="Done.", here=here)
            elif self.lot.random() < 0.5:
                job_release_by_technician(job_id=job.pk, actor=actor, reason=CancelReason.CANNOT_COME)
            else:
                job_start_by_technician(job_id=job.pk, actor=actor, here=here)

    def anybody(self):
        return Technician.objects.get(pk=self.lot.choice(self.technicians).pk)

    def presence(self):
        """One goes offline, everybody else comes back."""
        for technician in Technician.objects.filter(verification="VERIFIED"):
            technician_go_online(technician_id=technician.pk)
        technician_go_offline(technician_id=self.anybody().pk)

    def move(self):
        place = {"latitude": 42.36 + self.lot.uniform(-9, 9) * KM, "longitude": -71.06}
        position_record(technician_id=self.anybody().pk, recorded_at=self.at, **place)

    def profile(self):
        technician_profile_update(technician_id=self.anybody().pk, travel_radius_m=self.lot.choice([2_000, 15_000]))

    def hours(self):
        slots = [Slot(day, self.at.time().replace(microsecond=0), self.at.time().replace(hour=23)) for day in range(5)]
        availability_replace(technician_id=self.anybody().pk, time_zone="UTC", slots=self.lot.choice([slots, []]))

    def away(self):
        start = self.at + timedelta(minutes=self.lot.choice([-30, 30]))
        time_off_add(technician_id=self.anybody().pk, starts_at=start, ends_at=start + timedelta(minutes=45))

    def block(self):
        held = Block.objects.filter(lifted_at__isnull=True).first()
        if held and self.lot.random() < 0.5:
            held.lifted_at = self.at
            held.save()
        elif self.jobs:
            job = self.lot.choice(self.jobs)
            side = self.lot.choice(list(BlockSide))
            Block.objects.get_or_create(
                customer=job.customer,
                technician=self.anybody(),
                set_by=side,
                lifted_at=None,
                defaults={"job": job, "created_at": self.at},
            )

    def exclude(self):
        if self.jobs and self.lot.random() < 0.3:
            job_exclude(
                job_id=self.lot.choice(self.jobs).pk, technician_id=self.anybody().pk, actor=self.staff, reason="Asked."
            )

    def suspend(self):
        """One is suspended, and who was so is let back."""
        for technician in Technician.objects.filter(verification="SUSPENDED"):
            technician_reinstate(technician_id=technician.pk, actor=self.staff, reason="All well.")
        technician_suspend(technician_id=self.anybody().pk, actor=self.staff, reason="A complaint.")
