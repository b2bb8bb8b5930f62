"""The two ways to the best candidates, held against a look at everybody; and what the index needs for it."""

import random
from dataclasses import replace
from datetime import timedelta
from math import cos, inf, pi, radians, sin

import pytest
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import User
from catalog.tests.factories import ServiceFactory
from conftest import NOON
from fixmate.core.geo import cell_of, distance_m, eta_min
from fixmate.core.ids import uuid7
from matching.gates import Search
from matching.policies import POLICIES
from matching.policies.base import Candidate, Context, JobView
from matching.services.pool import by_disk, by_index, ranked_chunks, searcher
from matching.services.rank_index import patience_of, ranker_in_index
from matching.tests.factories import OfferFactory
from technicians.enums import Verification
from technicians.models import Dispatchable, Technician
from technicians.nearby import DiskSearch, IndexSearch
from technicians.ranking import Patience
from technicians.services import dispatchable_cap_patience
from technicians.spans import Most, Span, statement_of
from technicians.tests.factories import dispatchable_at

pytestmark = pytest.mark.django_db
INDEX = POLICIES["index"]
BEST, CROWD, DEGREE_M = 20, 120, 111_000
CTX = Context(now=NOON, seed="1")


def crowd_of(count):
    """Make verified, online technicians, without anything else."""
    users = [
        User(id=uuid7(), role="TECHNICIAN", status="ACTIVE", email=f"t{number}@example.com", first_name="T")
        for number in range(count)
    ]
    User.objects.bulk_create(users)
    return Technician.objects.bulk_create(
        Technician(
            user=user,
            verification=Verification.VERIFIED,
            base_latitude=0.0,
            base_longitude=0.0,
            is_online=True,
            online_since=NOON - timedelta(hours=30),
        )
        for user in users
    )


def scatter(technicians, service, city, radius_m, seed):
    """Give everybody a standing and a row around the city; every fifth is the twin of the one before."""
    lots, ranker = random.Random(seed), ranker_in_index([service.pk])
    rows = []
    for number, technician in enumerate(technicians):
        if not number or number % 5:
            place = somewhere(lots, city, radius_m)
            standing = some_standing(lots)
        for name, value in standing.items():
            setattr(technician, name, value)
        rows.append(row_of(technician, service, place, is_busy=lots.random() < 0.3, ranker=ranker))
    Technician.objects.bulk_create(technicians, update_conflicts=True, unique_fields=["id"], update_fields=[*standing])
    Dispatchable.objects.all().delete()
    Dispatchable.objects.bulk_create(rows)
    swept_at = NOON - timedelta(minutes=lots.choice([0, 9, 600]))
    dispatchable_cap_patience(service_id=service.pk, patience=patience_of(INDEX), at=swept_at)


def somewhere(lots, city, radius_m):
    bearing, away_m = lots.uniform(0, 2 * pi), radius_m * lots.choice([lots.random() ** 2, lots.uniform(0.9, 1.1)])
    latitude = max(-90.0, min(90.0, city[0] + cos(bearing) * away_m / DEGREE_M))
    longitude = city[1] + sin(bearing) * away_m / (DEGREE_M * cos(radians(city[0])))
    return latitude, (longitude + 180.0) % 360.0 - 180.0


def some_standing(lots):
    reviews, decided = lots.choice([0, lots.randint(1, 300)]), lots.choice([0, lots.randint(1, 60)])
    waits_min = lots.choice([lots.uniform(0, 119), lots.uniform(120, 1500), -0.01])
    return {
        "rating_count": reviews,
        "rating_sum": lots.randint(reviews, 5 * reviews),
        "recent_decided": decided,
        "recent_accepted": lots.randint(0, decided),
        "offers_received": lots.choice([0, 5, 100]),
        "idle_since": lots.choice([NOON - timedelta(minutes=waits_min)] * 9 + [None]),
    }


def row_of(technician, service, place, *, is_busy, ranker=None):
    rank = (ranker or ranker_in_index([service.pk]))(technician, service.pk)
    standing = {"rank_static": rank.static, "rank_key": rank.key, "idle_since": technician.waiting_since}
    return dispatchable_at(technician, service, place, location_at=NOON, is_busy=is_busy, **standing)


def job_at(city):
    return JobView(uuid7(), "plumbing", *city, created_at=NOON, attempt=1, price_minor=10_000)


def search_of(view, radius_m, *, start=NOON, uses_base=False):
    return Search(view.id, NOON, start, start + timedelta(hours=1), radius_m, uses_base)


def brute_force(view, service, search):
    """Rank everybody in reach with the policy itself."""
    pool = []
    for row in Dispatchable.objects.select_related("technician").filter(service=service):
        away_m = distance_m(view.latitude, view.longitude, row.latitude, row.longitude)
        if away_m <= search.radius_m and (search.start > search.at or not row.is_busy):
            pool.append(candidate_of(row.technician, away_m))
    return [one.candidate_id for one in INDEX.rank(view, pool, CTX)]


def candidate_of(technician, away_m):
    since = technician.waiting_since
    return Candidate(
        id=technician.pk,
        eta_min=eta_min(away_m),
        rating_sum=technician.rating_sum,
        rating_count=technician.rating_count,
        accepted=technician.recent_accepted,
        decided=technician.recent_decided,
        idle_min=max(0.0, (NOON - since).total_seconds() / 60),
        offers_total=technician.offers_received,
        offers_today=0,
        online_min=0.0,
    )


def engine(view, service, search):
    chunks = ranked_chunks(view=view, service_id=service.pk, search=search, policy=INDEX, ctx=CTX)
    return [placed.candidate.id for chunk in chunks for placed in chunk]


CITY = st.one_of(
    st.tuples(st.floats(-70, 70), st.floats(-180, 180)),
    st.tuples(st.floats(-60, 60), st.sampled_from([-180.0, -179.97, 179.97])),  # the date line
    st.tuples(st.sampled_from([60.17, -60.0, 78.2]), st.floats(-180, 180)),  # high latitudes
)


@pytest.mark.parametrize("rows_wanted", [0, CROWD], ids=["index", "disk"])
@pytest.mark.parametrize("later_min", [0, 90], ids=["now", "later"])
def test_the_best_are_those_of_a_look_at_everybody(rows_wanted, later_min, settings):
    settings.CANDIDATES_KEPT, settings.INDEX_FROM_ROWS = BEST, rows_wanted
    service, technicians = ServiceFactory(), crowd_of(CROWD)

    @hypothesis_settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(city=CITY, radius_m=st.integers(200, 25_000), seed=st.integers(0, 2**32))
    def check(city, radius_m, seed):
        scatter(technicians, service, city, radius_m, seed)
        view = job_at(city)
        search = search_of(view, radius_m, start=NOON + timedelta(minutes=later_min))

        assert engine(view, service, search) == brute_force(view, service, search)

    check()


def test_everybody_comes_once_whatever_the_number_of_ties(settings):
    settings.CANDIDATES_KEPT, settings.INDEX_FROM_ROWS = 4, 0
    service, technicians = ServiceFactory(), crowd_of(60)
    for technician in technicians:
        technician.idle_since = NOON - timedelta(minutes=30)
    Technician.objects.bulk_update(technicians, ["idle_since"])
    Dispatchable.objects.bulk_create(row_of(one, service, (42.36, -71.06), is_busy=False) for one in technicians)
    view = job_at((42.36, -71.06))
    search = search_of(view, 6_000)

    ways = [engine(view, service, search)]
    settings.INDEX_FROM_ROWS = 1_000
    ways.append(engine(view, service, search))

    assert ways == [brute_force(view, service, search)] * 2


@pytest.mark.parametrize("rows_wanted", [0, CROWD], ids=["index", "disk"])
def test_no_more_than_the_pool_are_looked_at(rows_wanted, settings):
    settings.CANDIDATES_KEPT, settings.POOL_SIZE, settings.INDEX_FROM_ROWS = 10, 30, rows_wanted
    service, technicians = ServiceFactory(), crowd_of(60)
    scatter(technicians, service, (42.36, -71.06), 5_000, seed=1)
    view = job_at((42.36, -71.06))
    search = search_of(view, 6_000, start=NOON + timedelta(minutes=5))

    assert engine(view, service, search) == brute_force(view, service, search)[:30]


# Which way


def test_the_index_is_searched_for_the_default_policy_from_enough_rows_on(settings):
    settings.INDEX_FROM_ROWS = 2
    service, technicians = ServiceFactory(), crowd_of(3)
    scatter(technicians, service, (42.36, -71.06), 100, seed=1)
    view = job_at((42.36, -71.06))
    search = search_of(view, 6_000)
    other = type(INDEX)({**INDEX.params, "offer_cost": 7.0})

    def way(policy=INDEX, search=search):
        return type(searcher(view, service.pk, search, policy, CTX))

    assert way() is IndexSearch
    assert way(policy=other) is DiskSearch
    assert way(search=replace(search, uses_base=True)) is DiskSearch
    settings.INDEX_FROM_ROWS = 3
    assert way() is DiskSearch


def test_far_ahead_the_base_counts_and_busy_ones_as_well():
    service, technicians = ServiceFactory(), crowd_of(2)
    near, far = (row_of(one, service, (10.0, 10.0), is_busy=True) for one in technicians)
    near.base_latitude, near.base_longitude, near.base_cell = 42.36, -71.06, cell_of(42.36, -71.06)
    Dispatchable.objects.bulk_create([near, far])
    view = job_at((42.36, -71.06))

    found = engine(view, service, search_of(view, 6_000, start=NOON + timedelta(hours=3), uses_base=True))

    assert found == [near.technician_id]


def test_who_was_offered_less_today_wins_a_tie(settings):
    settings.INDEX_FROM_ROWS = 0
    service, (asked, rested) = ServiceFactory(), crowd_of(2)
    OfferFactory(technician=asked, created_at=NOON)
    Dispatchable.objects.bulk_create(row_of(one, service, (42.36, -71.06), is_busy=False) for one in (asked, rested))
    view = job_at((42.36, -71.06))

    assert engine(view, service, search_of(view, 6_000)) == [rested.pk, asked.pk]


def test_nobody_in_reach_is_nobody(settings):
    settings.INDEX_FROM_ROWS = 0
    service, technicians = ServiceFactory(), crowd_of(3)
    scatter(technicians, service, (42.36, -71.06), 4_000, seed=1)
    view = job_at((10.0, 10.0))

    assert engine(view, service, search_of(view, 6_000)) == []


def test_without_patience_there_is_one_kind_of_key():
    view = job_at((42.36, -71.06))
    search = by_index(view, uuid7(), search_of(view, 6_000), INDEX, CTX)
    still = IndexSearch(replace(search.view, patience=Patience(0.0, 120.0)))

    assert len(list(search._spans(1, 50.0))) == 2
    assert list(still._spans(1, 50.0)) == [Span(1, 50.0, inf)]


def test_of_a_policy_that_cannot_be_indexed_the_nearest_are_ranked(settings):
    settings.POOL_SIZE, settings.CANDIDATES_KEPT = 7, 5
    service, technicians = ServiceFactory(), crowd_of(20)
    scatter(technicians, service, (42.36, -71.06), 4_000, seed=1)
    view = job_at((42.36, -71.06))
    search = search_of(view, 6_000, start=NOON + timedelta(minutes=5))

    chunks = ranked_chunks(view=view, service_id=service.pk, search=search, policy=POLICIES["nearest"], ctx=CTX)
    found = [[placed.candidate.eta_min for placed in chunk] for chunk in chunks]

    rows = Dispatchable.objects.all()
    away = sorted(eta_min(distance_m(view.latitude, view.longitude, row.latitude, row.longitude)) for row in rows)
    assert found == [away[:5], away[5:7]]


# What it costs


@pytest.mark.parametrize(
    ("item_count", "rows_wanted", "statements"),
    [(10, 5_000, 4), (2_000, 5_000, 4), (10, 0, 7), (400, 0, 6), (2_000, 0, 6)],  # too few for a chunk: one more look
)
def test_the_first_chunk_takes_the_same_statements_however_many_there_are(
    item_count, rows_wanted, statements, settings, django_assert_num_queries
):
    settings.INDEX_FROM_ROWS = rows_wanted
    service, technicians = ServiceFactory(), crowd_of(item_count)
    scatter(technicians, service, (42.36, -71.06), 4_000, seed=1)
    view = job_at((42.36, -71.06))
    search = search_of(view, 6_000)
    chunks = ranked_chunks(view=view, service_id=service.pk, search=search, policy=INDEX, ctx=CTX)

    with django_assert_num_queries(statements):
        assert next(chunks)


def plan_of(search, most):
    spans = [Span(cell, -1e9, 1e9) for cell in search.view.reach.cells()]
    statement, params = statement_of(search.view, spans, most)
    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE technicians_dispatchable")
        cursor.execute(f"{explain} {statement}", params)
        return "\n".join(str(column) for row in cursor.fetchall() for column in row)


@pytest.mark.parametrize("most", [Most(keys=40, rows=20), Most(bar=50.0)], ids=["first", "second"])
def test_both_rounds_read_the_index_and_nothing_else(most):
    service, technicians = ServiceFactory(), crowd_of(2_000)
    scatter(technicians, service, (42.36, -71.06), 8_000, seed=1)
    view = job_at((42.36, -71.06))

    plan = plan_of(by_index(view, service.pk, search_of(view, 6_000), INDEX, CTX), most)

    assert "dispatchable_by_rank" in plan
    assert "Seq Scan" not in plan
    assert "SCAN technicians_dispatchable" not in plan
    assert "SCAN found" not in plan


def test_the_ways_agree_on_scores_to_the_rounding():
    service, technicians = ServiceFactory(), crowd_of(CROWD)
    scatter(technicians, service, (42.36, -71.06), 4_000, seed=7)
    view = job_at((42.36, -71.06))
    search = search_of(view, 6_000)

    index, disk = (way(view, service.pk, search, INDEX, CTX).best(BEST) for way in (by_index, by_disk))

    assert {pk: round(score, 6) for pk, score in index.scores.items()} == {
        pk: round(score, 6) for pk, score in disk.scores.items()
    }
    assert (index.is_everybody, disk.is_everybody) == (False, False)
