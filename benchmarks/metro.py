"""A metro made of lots: technicians around hot spots, all online, each with one service of the starting catalogue.

PostgreSQL only. Everything is drawn from a seed; rows go in by COPY and a few INSERT ... SELECT.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from catalog.models import Service
from catalog.services import catalogue_seed
from fixmate.core import clock
from fixmate.core.geo import cell_of
from fixmate.core.ids import uuid7
from matching.policies.base import IndexedPolicy, Standing
from matching.services.rank_index import patience_of
from technicians.ranking import rank_waiting

CENTRE = (42.36, -71.06)
HOT_SPOTS, HOT_SPOT_KM, SPREAD_KM = 12, 4.0, 12.0
KM_A_DEGREE = 111.2
BUSY_SHARE = 0.15
MEAN_WAIT_MIN = 120.0
ACCEPTED_SHARE, MEAN_ANSWERS = 0.6, 15.0
_SEED_TABLE = """
CREATE TEMP TABLE seed (
    id uuid, user_id uuid, service_id uuid, latitude float8, longitude float8, cell bigint,
    rating_sum int, rating_count int, decided int, accepted int, offers int,
    idle_since timestamptz, is_busy bool, rank_static float8, rank_key float8
)
"""
_FILL = (
    """INSERT INTO accounts_user (id, password, email, first_name, last_name, role, is_dispatcher, status, created_at,
        avatar)
    SELECT user_id, '', user_id || '@example.com', 'T', 'T', 'TECHNICIAN', false, 'ACTIVE', %(at)s, '' FROM seed""",
    """INSERT INTO technicians_technician (
        id, user_id, verification, bio, years_experience, base_latitude, base_longitude, travel_radius_m, time_zone,
        applied_at, verified_at, is_online, online_since, idle_since, created_at, rating_sum, rating_count,
        offers_received, jobs_assigned, jobs_completed, jobs_released, recent_decided, recent_accepted, silent_in_row
    ) SELECT id, user_id, 'VERIFIED', '', 3, latitude, longitude, 20000, 'UTC', %(at)s, %(at)s, true,
        coalesce(idle_since, %(at)s), CASE WHEN is_busy THEN NULL ELSE idle_since END, %(at)s, rating_sum,
        rating_count, offers, 0, 0, 0, decided, accepted, 0 FROM seed""",
    """INSERT INTO technicians_position (technician_id, latitude, longitude, recorded_at, location_at)
    SELECT id, latitude, longitude, %(at)s, %(at)s FROM seed""",
    """INSERT INTO technicians_technicianskill (technician_id, service_id) SELECT id, service_id FROM seed""",
    """INSERT INTO technicians_document (
        id, technician_id, kind, status, file, content_type, size_bytes, sha256, created_at, reviewed_at, review_reason
    ) SELECT gen_random_uuid(), id, 'IDENTITY', 'APPROVED', 'x.pdf', 'application/pdf', 1, '', %(at)s, %(at)s, ''
    FROM seed""",
    """INSERT INTO technicians_dispatchable (
        technician_id, service_id, cell, base_cell, latitude, longitude, base_latitude, base_longitude,
        travel_radius_m, location_at, is_busy, rank_static, idle_since, rank_key
    ) SELECT id, service_id, cell, cell, latitude, longitude, latitude, longitude, 20000, %(at)s, is_busy,
        rank_static, idle_since, rank_key FROM seed""",
    "DROP TABLE seed",
)
_TABLES = (
    "accounts_user",
    "technicians_technician",
    "technicians_position",
    "technicians_technicianskill",
    "technicians_document",
    "technicians_dispatchable",
)


@dataclass(frozen=True, slots=True)
class Metro:
    services: tuple[Service, ...]
    at: datetime
    hot_spots: tuple[tuple[float, float], ...]
    mean_answers: float  # to offers of which there are no rows

    def place(self, lots: random.Random) -> tuple[float, float]:
        return _around(lots, lots.choice(self.hot_spots), HOT_SPOT_KM)


def found(seed: int = 1, *, mean_answers: float = MEAN_ANSWERS) -> Metro:
    """Make the metro with the starting catalogue and nobody in it.

    Where `work` runs, nobody may have answered: it would find no offers to it, and count all of them anew.
    """
    lots = random.Random(seed)
    catalogue_seed(actor=None, reason="A benchmark.")
    services = tuple(Service.objects.order_by("slug"))
    hot_spots = tuple(_around(lots, CENTRE, SPREAD_KM) for _ in range(HOT_SPOTS))
    return Metro(services, clock.now(), hot_spots, mean_answers)


def grow(metro: Metro, first: int, last: int, policy: IndexedPolicy) -> None:
    """Add the technicians numbered from `first` up to `last`."""
    with connection.cursor() as cursor:
        cursor.execute(_SEED_TABLE)
        with cursor.copy("COPY seed FROM STDIN") as copy:
            for row in _rows(metro, first, last, policy):
                copy.write_row(row)
        for statement in _FILL:
            cursor.execute(statement, {"at": metro.at})


def settle() -> None:
    """Vacuum and analyse: outside a transaction."""
    with connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(f"VACUUM ANALYZE {table}")


def _rows(metro: Metro, first: int, last: int, policy: IndexedPolicy) -> Iterator[tuple[object, ...]]:
    lots, patience = random.Random(first), patience_of(policy)
    for number in range(first, last):
        place = metro.place(lots)
        standing = _standing(lots, metro.mean_answers)
        waited_min = lots.expovariate(1 / MEAN_WAIT_MIN)
        since = metro.at - timedelta(minutes=waited_min)
        rank = rank_waiting(policy.static_points(standing), since, patience)
        key = rank.static + patience.most if waited_min >= patience.cap_min else rank.key
        yield (
            UUID(int=number + 1),
            uuid7(),
            lots.choice(metro.services).pk,
            *place,
            cell_of(*place),
            standing.rating_sum,
            standing.rating_count,
            standing.decided,
            standing.accepted,
            standing.offers_total,
            since,
            lots.random() < BUSY_SHARE,
            rank.static,
            key,
        )


def _standing(lots: random.Random, mean_answers: float) -> Standing:
    reviews, offers = int(lots.expovariate(1 / 40)), int(lots.expovariate(1 / 80))
    stars = min(5.0, max(1.0, lots.gauss(4.4, 0.4)))
    decided = min(offers, int(lots.expovariate(1) * mean_answers))
    accepted = sum(lots.random() < ACCEPTED_SHARE for _ in range(decided))
    return Standing(round(reviews * stars), reviews, accepted, decided, offers)


def _around(lots: random.Random, centre: tuple[float, float], km: float) -> tuple[float, float]:
    north, east = lots.gauss(0, km / KM_A_DEGREE), lots.gauss(0, km / KM_A_DEGREE)
    return centre[0] + north, centre[1] + east * 1.35
