from datetime import timedelta

import factory

from accounts.tests.factories import UserFactory
from fixmate.core import clock
from fixmate.core.geo import cell_of
from technicians.enums import DocumentKind, DocumentStatus, Verification
from technicians.models import Dispatchable, Document, Technician, TechnicianSkill
from technicians.services import position_record, technician_go_online

BASE_LATITUDE, BASE_LONGITUDE = 42.36, -71.06


class TechnicianFactory(factory.django.DjangoModelFactory):
    """VERIFIED, based in Boston, 20 km, offline, without skills, documents or position."""

    class Meta:
        model = Technician

    user = factory.SubFactory(UserFactory, technician=True)
    verification = Verification.VERIFIED
    base_latitude = BASE_LATITUDE
    base_longitude = BASE_LONGITUDE
    travel_radius_m = 20_000
    applied_at = factory.LazyFunction(clock.now)
    verified_at = factory.LazyFunction(clock.now)
    created_at = factory.LazyFunction(clock.now)

    class Params:
        fresh = factory.Trait(  # as registration leaves it
            verification=Verification.PENDING,
            base_latitude=None,
            base_longitude=None,
            applied_at=None,
            verified_at=None,
        )
        pending = factory.Trait(verification=Verification.PENDING, verified_at=None)
        rejected = factory.Trait(verification=Verification.REJECTED, verified_at=None)
        suspended = factory.Trait(verification=Verification.SUSPENDED)


class DocumentFactory(factory.django.DjangoModelFactory):
    """A PENDING identity document that never expires; its file is a name alone."""

    class Meta:
        model = Document

    technician = factory.SubFactory(TechnicianFactory)
    kind = DocumentKind.IDENTITY
    file = factory.Sequence(lambda n: f"documents/{n}.pdf")
    content_type = "application/pdf"
    size_bytes = 100
    sha256 = "0" * 64
    created_at = factory.LazyFunction(clock.now)

    class Params:
        approved = factory.Trait(status=DocumentStatus.APPROVED, reviewed_at=factory.LazyFunction(clock.now))


def skill_add(technician, *services):
    """Give the technician skills, behind the services' back: call it before he goes online."""
    TechnicianSkill.objects.bulk_create(TechnicianSkill(technician=technician, service=service) for service in services)


def technician_ready(service, *, latitude=BASE_LATITUDE, longitude=BASE_LONGITUDE, **kwargs):
    """Return an online, verified technician with the skill, an approved identity and a fresh position.

    The place is the live position; the base is the factory's unless given. Its dispatchable rows are made by the
    services.
    """
    technician = TechnicianFactory(**kwargs)
    skill_add(technician, service)
    DocumentFactory(technician=technician, approved=True)
    position_record(
        technician_id=technician.pk,
        latitude=latitude,
        longitude=longitude,
        accuracy_m=10,
        recorded_at=clock.now() - timedelta(seconds=1),
    )
    return technician_go_online(technician_id=technician.pk)


def dispatchable_at(technician, service, live, base=None, **facts):
    """Return a row of the index, unsaved: the technician is there, and at home at the base."""
    base = base or live
    where = {"latitude": live[0], "longitude": live[1], "base_latitude": base[0], "base_longitude": base[1]}
    cells = {"cell": cell_of(*live), "base_cell": cell_of(*base)}
    return Dispatchable(technician=technician, service=service, travel_radius_m=20_000, **cells, **where, **facts)
