"""Demand, supply and the city: who needs what, who can do it, and when it is asked."""

from collections import Counter

import pytest

from fixmate.core.geo import Point, distance_m
from fixmate.ops.demo.city import city_demand
from fixmate.ops.demo.demand import TRADES, Need, arrivals, demand_read
from fixmate.ops.demo.options import DemoError, Options, chance, customers_for
from fixmate.ops.demo.supply import COVER, supply_plan

HEADER = "requested_at,category,latitude,longitude,note"
SOMEWHERE = Point(40.0, -75.0)


def read(tmp_path, *rows, header=HEADER, limit=100, seed=1):
    path = tmp_path / "demand.csv"
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    return demand_read(path, limit=limit, dice=chance(seed, "demand"))


def options(**changes):
    plain = {"demand": None, "jobs": 5, "technicians": None, "speed": None, "seed": 1, "port": 8000}
    return Options(**{**plain, "payments": "offline", "stays_up": False, "as_json": True, **changes})


def need(at_s=0.0, trade="heating", place=SOMEWHERE):
    return Need(at_s, trade, place)


def test_demand_is_read_in_time_order_and_columns_beside_are_ignored(tmp_path):
    demand = read(
        tmp_path,
        "2024-03-01 10:00:30,plumbing,40.1,-75.1,later",
        "2024-03-01 10:00:00,heating,40.0,-75.0,earlier",
    )

    first, second = demand.needs
    assert (first.trade, first.place) == ("heating", Point(40.0, -75.0))
    assert (second.trade, second.place) == ("plumbing", Point(40.1, -75.1))
    assert second.at_s - first.at_s == 30.0


def test_demand_takes_the_first_rows_in_time(tmp_path):
    rows = [f"2024-03-01 10:{minute:02d}:00,pest,40.{minute},-75,x" for minute in (5, 1, 3, 4, 2)]

    demand = read(tmp_path, *rows, limit=3)

    assert [need.place.latitude for need in demand.needs] == [40.1, 40.2, 40.3]
    assert demand.rows == 5


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("yesterday,heating,40,-75,x", "requested_at"),
        (",heating,40,-75,x", "requested_at"),
        ("2024-03-01,,40,-75,x", "category"),
        ("2024-03-01,heating,91,-75,x", "latitude"),
        ("2024-03-01,heating,nan,-75,x", "latitude"),
        ("2024-03-01,heating,,-75,x", "latitude"),
        ("2024-03-01,heating,40,-180.5,x", "longitude"),
        ("2024-03-01,heating,40,inf,x", "longitude"),
        ("2024-03-01,heating,40", "longitude"),
    ],
)
def test_demand_counts_impossible_rows_and_goes_on(tmp_path, row, column):
    demand = read(tmp_path, row, "2024-03-01 10:00:00,heating,40,-75,x")

    assert demand.impossible == Counter({column: 1})
    assert (demand.rows, demand.usable, len(demand.needs)) == (2, 1, 1)
    assert f"impossible {column} (1)" in " ".join(demand.notes())


@pytest.mark.parametrize(
    ("category", "trade"),
    [
        ("heating", "heating"),
        ("heating_gas_mechanical", "heating"),
        ("Electrical", "electrical"),
        ("general_repair", "general-repair"),
        ("structural-safety", "structural-safety"),
        ("building inspection", "inspection"),
        ("hazard", "inspection"),
        ("pest", "pest-control"),
    ],
)
def test_demand_maps_categories_onto_the_catalogue(tmp_path, category, trade):
    demand = read(tmp_path, f"2024-03-01,{category},40,-75,x")

    assert demand.needs[0].trade == trade
    assert demand.unknown == Counter()


def test_demand_counts_unknown_categories_as_general_repair(tmp_path):
    demand = read(tmp_path, "2024-03-01,roofing,40,-75,x", "2024-03-02,roofing,40,-75,x")

    assert [need.trade for need in demand.needs] == ["general-repair", "general-repair"]
    assert demand.unknown == Counter({"roofing": 2})
    assert "roofing (2)" in " ".join(demand.notes())


def test_demand_splits_the_undecided_category_by_seed(tmp_path):
    rows = ["2024-03-01,electrical_or_plumbing,40,-75,x"] * 20

    once = [need.trade for need in read(tmp_path, *rows).needs]
    again = [need.trade for need in read(tmp_path, *rows).needs]

    assert set(once) == {"electrical", "plumbing"}
    assert once == again


def test_demand_without_a_column_is_refused(tmp_path):
    with pytest.raises(DemoError, match=r"^demand.csv has no column category, longitude$"):
        read(tmp_path, "2024-03-01,40", header="requested_at,latitude")


def test_demand_without_a_usable_row_is_refused(tmp_path):
    with pytest.raises(DemoError, match=r"no usable row \(1 read\)$"):
        read(tmp_path, "never,heating,40,-75,x")


def test_demand_from_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DemoError, match=r"nowhere\.csv cannot be read: no such file or directory$"):
        demand_read(tmp_path / "nowhere.csv", limit=5, dice=chance(1))


def test_demand_from_a_folder_is_refused(tmp_path):
    with pytest.raises(DemoError, match="cannot be read"):
        demand_read(tmp_path, limit=5, dice=chance(1))


def test_demand_from_broken_bytes_is_read_as_far_as_it_goes(tmp_path):
    path = tmp_path / "demand.csv"
    path.write_bytes(b"\xef\xbb\xbfrequested_at,category,latitude,longitude\n2024-03-01,\xff\xfe,40,-75\n")

    demand = demand_read(path, limit=5, dice=chance(1))

    assert demand.needs[0].trade == "general-repair"


def test_arrivals_end_after_two_minutes_by_default():
    needs = [need(1_000.0), need(1_600.0), need(4_600.0)]

    at_s, speed = arrivals(needs, None)

    assert at_s == [0.0, 20.0, 120.0]
    assert speed == 30.0


def test_arrivals_shrink_the_gaps_by_the_speed():
    at_s, speed = arrivals([need(0.0), need(50.0), need(100.0)], 10.0)

    assert at_s == [0.0, 5.0, 10.0]
    assert speed == 10.0


def test_arrivals_of_one_moment_come_at_once():
    assert arrivals([need(7.0), need(7.0)], None) == ([0.0, 0.0], 1.0)


def test_city_is_the_same_for_the_same_seed_and_asks_for_known_trades():
    once, again = (city_demand(count=60, dice=chance(3, "demand")) for _ in range(2))
    other = city_demand(count=60, dice=chance(4, "demand"))

    assert once.needs == again.needs
    assert once.needs != other.needs
    assert len(once.needs) == 60
    assert {need.trade for need in once.needs} <= set(TRADES)
    assert [need.at_s for need in once.needs] == sorted(need.at_s for need in once.needs)


def test_supply_covers_every_trade_in_demand_several_times():
    needs = [need(trade="heating")] * 90 + [need(trade="plumbing")] * 9 + [need(trade="inspection")]

    plans = supply_plan(needs, count=40, dice=chance(1, "supply"))

    known = Counter(trade for plan in plans for trade in plan.trades)
    assert len(plans) == 40
    assert set(known) == {"heating", "plumbing", "inspection"}
    assert min(known.values()) >= COVER
    assert known["heating"] > known["plumbing"] > known["inspection"]


def test_supply_of_one_knows_every_trade_in_demand():
    plans = supply_plan([need(trade=trade) for trade in TRADES], count=1, dice=chance(1))

    assert plans[0].trades == tuple(sorted(TRADES))


def test_supply_lives_where_the_demand_is():
    far_away = [need(place=Point(40.0, -75.0)), need(place=Point(47.0, 8.0))]

    plans = supply_plan(far_away, count=30, dice=chance(1))

    nearest = [min(distance_m(*_degrees(plan.base), *_degrees(need.place)) for need in far_away) for plan in plans]
    assert max(nearest) < 10_000


def _degrees(place):
    return place.latitude, place.longitude


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"jobs": 0}, "--jobs must be from 1 to 20000, not 0"),
        ({"technicians": 0}, "--technicians must be from 1 to 1000, not 0"),
        ({"speed": 0.0}, "--speed must be above 0, not 0.0"),
        ({"speed": float("nan")}, "--speed must be above 0, not nan"),
        ({"port": 70_000}, "--port must be from 1 to 65535, not 70000"),
    ],
)
def test_options_refuse_what_cannot_be_meant(changes, message):
    with pytest.raises(DemoError) as refusal:
        options(**changes).check()

    assert str(refusal.value) == message


def test_options_derive_technicians_and_customers_from_the_jobs():
    assert options().technicians_for(5) == 40
    assert options().technicians_for(200) == 67
    assert options(technicians=3).technicians_for(200) == 3
    assert [customers_for(jobs) for jobs in (3, 60, 200)] == [3, 12, 40]
