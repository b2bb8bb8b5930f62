from math import asin, atan2, cos, degrees, pi, radians, sin, sqrt

import pytest
from h3.api import basic_int as h3
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fixmate.core import geo
from fixmate.core.geo import EARTH_RADIUS_M, area_of, cell_of, cells_around, cells_within, distance_m

LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)
BEARINGS = st.floats(0, 2 * pi)
RADII = st.integers(1, 50_000)


def haversine_m(latitude, longitude, other_latitude, other_longitude):
    a, b = radians(latitude), radians(other_latitude)
    turn = radians(other_longitude - longitude)
    root = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(turn / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(root)))


def point_at(latitude, longitude, distance, bearing):
    """Return the point that lies so far away in that direction, by spherical geometry."""
    angle, a = distance / EARTH_RADIUS_M, radians(latitude)
    sine = min(1.0, max(-1.0, sin(a) * cos(angle) + cos(a) * sin(angle) * cos(bearing)))
    turn = atan2(sin(bearing) * sin(angle) * cos(a), cos(angle) - sin(a) * sine)
    return degrees(asin(sine)), (longitude + degrees(turn) + 540) % 360 - 180


@settings(max_examples=300)
@given(LATITUDES, LONGITUDES, RADII, BEARINGS, st.floats(0, 1))
@example(90.0, 0.0, 50_000, 1.0, 1.0)
@example(-90.0, 33.0, 18_000, 2.0, 1.0)
@example(0.0, 180.0, 18_000, pi / 2, 1.0)
@example(-16.8, -179.999, 6_000, 3 * pi / 2, 1.0)
@example(42.36, -71.06, 1, 0.0, 1.0)
def test_the_cells_within_a_radius_hold_every_point_within_it(latitude, longitude, radius, bearing, share):
    other = point_at(latitude, longitude, radius * share, bearing)

    assert cell_of(*other) in cells_within(latitude, longitude, radius)


@settings(max_examples=150)
@given(st.sampled_from(sorted(h3.get_pentagons(geo.RESOLUTION))), st.floats(0, 30_000), BEARINGS, RADII, BEARINGS)
def test_the_cells_hold_every_point_around_the_twelve_pentagons_too(pentagon, away, direction, radius, bearing):
    here = point_at(*h3.cell_to_latlng(pentagon), away, direction)

    assert cell_of(*point_at(*here, radius, bearing)) in cells_within(*here, radius)


def test_the_cells_around_are_those_of_the_area_and_of_the_six_that_touch_it():
    area = area_of(42.36, -71.06)
    areas = {h3.cell_to_parent(cell, geo.AREA_RESOLUTION) for cell in cells_around(area)}

    assert cell_of(42.36, -71.06) in cells_around(area)
    assert (len(cells_around(area)), len(areas)) == (49, 7)
    assert all(h3.are_neighbor_cells(area, other) for other in areas - {area})


@settings(max_examples=200)
@given(LATITUDES, LONGITUDES)
def test_whatever_lies_around_an_area_lies_within_three_reaches_of_its_centre(latitude, longitude):
    area = area_of(latitude, longitude)
    centre = h3.cell_to_latlng(area)

    for cell in cells_around(area):
        for corner in h3.cell_to_boundary(cell):
            assert haversine_m(*centre, *corner) < 3 * geo.AREA_REACH_M


def test_the_reach_of_a_cell_is_a_bound():
    corners = []
    for index in range(0, 3600, 7):
        latitude, longitude = degrees(asin(1 - 2 * (index + 0.5) / 3600)), (index * 222.49) % 360 - 180
        centre = h3.cell_to_latlng(cell_of(latitude, longitude))
        corners += [haversine_m(*centre, *corner) for corner in h3.cell_to_boundary(cell_of(latitude, longitude))]

    assert max(corners) < geo.CELL_REACH_M


def test_a_small_radius_asks_for_few_cells():
    assert len(cells_within(42.36, -71.06, 6_000)) < 200


@settings(max_examples=300)
@given(st.sampled_from([(60, 0.1), (80, 1.1)]), st.floats(-1, 1), LONGITUDES, st.floats(0, 30_000), BEARINGS)
def test_distance_is_that_of_the_sphere_within_thirty_kilometres(limit, share, longitude, away, bearing):
    furthest, error = limit
    other = point_at(furthest * share, longitude, away, bearing)

    assert distance_m(furthest * share, longitude, *other) == pytest.approx(
        haversine_m(furthest * share, longitude, *other), abs=error
    )


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_distance_is_the_same_both_ways_and_never_negative(latitude, longitude, other_latitude, other_longitude):
    there = distance_m(latitude, longitude, other_latitude, other_longitude)

    assert there >= 0
    assert distance_m(other_latitude, other_longitude, latitude, longitude) == pytest.approx(there, abs=1e-3)


def test_distance_takes_the_short_way_over_the_date_line():
    assert distance_m(0, 179.99, 0, -179.99) == pytest.approx(2223.9, abs=0.1)
    assert distance_m(10, 20, 10, 20) == 0


def test_eta_is_the_detour_at_city_speed():
    assert geo.eta_min(0) == 0
    assert geo.eta_min(10_000) == pytest.approx(31.2)
