"""What technicians add to an account's life: the profile, in the registration's own transaction, and its end."""

from accounts.enums import Role
from accounts.hooks import ExportPart, erased_by, exported_as, profile_made_by
from technicians.enums import Aspect
from technicians.models import (
    AvailabilitySlot,
    Document,
    Position,
    PositionTrace,
    Technician,
    TechnicianSkill,
    TechnicianState,
    TimeOff,
)
from technicians.services import technician_create_profile
from technicians.services.erasure import technician_erase

profile_made_by(Role.TECHNICIAN, technician_create_profile)
erased_by(technician_erase)
exported_as(
    ExportPart(
        "technician",
        "Your profile, and the figures that matching reads.",
        (
            "id",
            "verification",
            "bio",
            "years_experience",
            "base_latitude",
            "base_longitude",
            "travel_radius_m",
            "time_zone",
            "applied_at",
            "verified_at",
            "created_at",
            "rating_sum",
            "rating_count",
            "offers_received",
            "jobs_assigned",
            "jobs_completed",
            "jobs_released",
            "offers_decided",
            "offers_accepted",
            "visits_begun",
            "visits_punctual",
            "jobs_reworked",
            *(f"{aspect}_{part}" for aspect in Aspect for part in ("sum", "count")),
            "recent_decided",
            "recent_accepted",
            "silent_in_row",
            "cooldown_until",
            "paused_until",
        ),
        lambda user: Technician.objects.filter(user=user),
    ),
    ExportPart(
        "skills",
        "What you offer.",
        ("service_id", "service__name"),
        lambda user: TechnicianSkill.objects.filter(technician__user=user),
    ),
    ExportPart(
        "documents",
        "Documents you sent in, and what was decided about them.",
        (
            "id",
            "kind",
            "status",
            "content_type",
            "size_bytes",
            "expires_on",
            "created_at",
            "reviewed_at",
            "review_reason",
        ),
        lambda user: Document.objects.filter(technician__user=user),
    ),
    ExportPart(
        "weekly_slots",
        "When you work.",
        ("weekday", "starts_at", "ends_at"),
        lambda user: AvailabilitySlot.objects.filter(technician__user=user),
    ),
    ExportPart(
        "time_off",
        "When you do not.",
        ("id", "starts_at", "ends_at", "note"),
        lambda user: TimeOff.objects.filter(technician__user=user),
    ),
    ExportPart(
        "position",
        "Where you were last.",
        ("latitude", "longitude", "accuracy_m", "recorded_at", "location_at"),
        lambda user: Position.objects.filter(technician__user=user),
    ),
    ExportPart(
        "position_traces",
        "Where you were before, coarsely.",
        ("at", "latitude", "longitude"),
        lambda user: PositionTrace.objects.filter(technician__user=user),
    ),
    ExportPart(
        "technician_states",
        "What matching could know of you, from when on.",
        ("at", "facts"),
        lambda user: TechnicianState.objects.filter(technician__user=user),
    ),
)
