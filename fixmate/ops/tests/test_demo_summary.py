"""The figures of a run and how they are shown."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console
from rich.segment import Segment

from fixmate.core.geo import Point
from fixmate.core.money import Money
from fixmate.ops.demo.board import Board, Doing, JobCard, Outcome, TechnicianCard, Tone
from fixmate.ops.demo.display import LiveScreen, PlainScreen, progress_line
from fixmate.ops.demo.map import CityMap
from fixmate.ops.demo.picture import picture
from fixmate.ops.demo.processes import Checked, Proof
from fixmate.ops.demo.summary import Figures, OfferFigures, percentile
from jobs.enums import JobStatus

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HERE = Point(40.0, -75.0)


class Nobody:
    async def tell_code(self, job_id):
        return None


def card(job_id="a", status=JobStatus.MATCHING, waited_s=None, **more):
    assigned_at = None if waited_s is None else START + timedelta(seconds=waited_s)
    facts = {"number": 1, "what": "Heating repair visit", "place": HERE, "created_at": START, "host": Nobody()}
    return JobCard(job_id=job_id, status=status, assigned_at=assigned_at, **{**facts, **more})


def board_of(*cards, planned=10):
    board = Board(planned=planned)
    board.jobs = {card.job_id: card for card in cards}
    board.asked = len(cards)
    return board


def figures(**changes):
    plain = {
        "planned": 10,
        "requested": 10,
        "assigned": 9,
        "completed": 8,
        "unmatched": 1,
        "cancelled": 1,
        "waits_s": (1.0, 2.0, 3.0),
        "offers": OfferFigures(made=15, delivered=12, accepted=9),
        "captured": Money(100_000, "USD"),
        "platform_fee": Money(15_000, "USD"),
        "quotes_proposed": 3,
        "quotes_approved": 2,
        "ratings": (5, 4),
        "checked": Checked(checked=20, broken=0),
    }
    return Figures(**{**plain, **changes})


def shown(renderable):
    console = Console(file=io.StringIO(), width=120, height=40, force_terminal=False)
    console.print(renderable)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([4.0], 0.9, 4.0), ([3.0, 1.0, 2.0], 0.5, 2.0), ([1.0, 2.0], 0.5, 1.5), ([0.0, 10.0], 0.9, 9.0)],
)
def test_percentile_lies_between_its_neighbours(values, share, expected):
    assert percentile(values, share) == expected


def test_figures_as_json_have_the_promised_keys():
    assert json.loads(figures().as_json()) == {
        "requested": 10,
        "assigned": 9,
        "completed": 8,
        "unmatched": 1,
        "cancelled": 1,
        "stuck": 0,
        "tta_p50_s": 2.0,
        "tta_p90_s": 2.8,
        "offers_per_job": 1.5,
        "acceptance": 0.75,
        "quotes_proposed": 3,
        "quotes_approved": 2,
        "invariants_broken": 0,
    }


def test_figures_of_nothing_measured_are_null():
    nothing = figures(requested=0, assigned=0, completed=0, unmatched=0, cancelled=0, waits_s=(), offers=OfferFigures())

    answer = json.loads(nothing.as_json())

    names = ("tta_p50_s", "tta_p90_s", "offers_per_job", "acceptance")
    assert [answer[name] for name in names] == [None, None, None, None]
    assert answer["stuck"] == 0
    assert "Time to assign, p50" in shown(nothing.table())


@pytest.mark.parametrize(
    ("changes", "is_good"),
    [
        ({}, True),
        ({"completed": 7}, False),  # one is stuck
        ({"checked": Checked(checked=20, broken=1, names=("fee_adds_up",))}, False),
        ({"requested": 9, "completed": 7}, False),  # one was never asked
        ({"proofs": (Proof("prove_ledger", holds=True, said=""),)}, True),
        ({"proofs": (Proof("reconcile", holds=False, said="1 difference"),)}, False),
        ({"unmatched": 9, "completed": 0, "assigned": 0}, True),
    ],
)
def test_a_run_is_good_without_stuck_jobs_and_broken_invariants(changes, is_good):
    assert figures(**changes).is_good == is_good


def test_summary_names_every_figure():
    proofs = (Proof("prove_ledger", holds=True, said=""), Proof("reconcile", holds=False, said=""))
    text = shown(figures(proofs=proofs).table())

    for line in (
        "they hold",
        "they do not",
        "Requested",
        "9 (90.0%)",
        "1.50",
        "75.0%",
        "1000.00 USD",
        "150.00 USD",
        "3, 2 approved",
        "2, 4.5 stars",
        "20, 0 broken",
    ):
        assert line in text


def test_board_takes_the_first_assignment_alone():
    board = board_of(card())
    answer = {"id": "a", "status": JobStatus.ASSIGNED, "assigned_at": "2026-03-02T12:00:09Z"}

    board.saw_acceptance({"job_id": "a", "closed_at": "2026-03-02T12:00:02Z"})
    board.saw_job(answer)

    assert board.waits_s() == [2.0]
    assert board.jobs["a"].status == JobStatus.ASSIGNED


def test_board_ignores_jobs_of_other_runs():
    board = board_of()

    board.saw_job({"id": "b", "status": JobStatus.ASSIGNED, "assigned_at": None})
    board.saw_acceptance({"job_id": "b", "closed_at": "2026-03-02T12:00:02Z"})
    board.saw_completion({"id": "b", "status": JobStatus.COMPLETED, "assigned_at": None}, 4.0)

    assert board.jobs == {}


def test_board_counts_no_waits_of_jobs_for_later():
    board = board_of(card("a", waited_s=3.0), card("b", waited_s=60.0, is_for_later=True), card("c"))

    assert board.waits_s() == [3.0]


@pytest.mark.parametrize(
    ("status", "asked", "is_finished"),
    [
        (JobStatus.COMPLETED, 1, True),
        (JobStatus.CANCELLED, 1, True),
        (JobStatus.UNMATCHED, 1, True),
        (JobStatus.IN_PROGRESS, 1, False),
        (JobStatus.COMPLETED, 0, False),
    ],
)
def test_board_is_finished_when_all_is_asked_and_ended(status, asked, is_finished):
    board = board_of(card(status=status), planned=1)
    board.asked = asked

    assert board.is_finished == is_finished


def test_progress_line_says_it_all_in_one_line():
    board = board_of(card("a", JobStatus.COMPLETED, waited_s=2.0), card("b"))
    board.offers[Outcome.ACCEPTED] += 1

    line = progress_line(board)

    assert "2/10 asked (1 completed, 1 matching); 1 offers, 1 accepted; waits p50 2.0 s, p90 2.0 s" in line


def test_plain_screen_says_each_stage_once():
    console = Console(file=io.StringIO(), width=200)
    board = board_of(planned=1)
    screen = PlainScreen(console, board)
    board.stage = "Staff look after it"

    screen.start()
    screen.refresh()
    screen.stop()

    assert console.file.getvalue() == "Staff look after it ...\n"


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 50)])
def test_picture_fits_the_window(width, height):
    console = Console(file=io.StringIO(), width=width, height=height)
    board = board_of(*(card(str(n), status) for n, status in enumerate(JobStatus)), card("z", waited_s=3.0))
    board.technicians = [TechnicianCard(f"Ana {doing}", HERE, doing) for doing in Doing]
    board.reviews, board.billed["USD"] = [5, 4], 123_456
    for number in range(60):
        board.happened(
            f"event {number} with a text that is too long for half of any window, whatever is done", Tone.GOOD
        )

    lines = console.render_lines(picture(board, CityMap([HERE, Point(40.1, -75.1)]), console.size), pad=False)

    assert len(lines) < height
    assert max(Segment.get_line_length(line) for line in lines) <= width
    assert "event 59" in "".join(segment.text for line in lines for segment in line)


def test_live_screen_leaves_the_last_picture():
    console = Console(file=io.StringIO(), width=100, height=40, force_terminal=True)
    screen = LiveScreen(console, board_of(card()), CityMap([HERE]))

    screen.start()
    screen.stop()

    assert "FixMate" in console.file.getvalue()


def test_map_shows_open_jobs_over_closed_ones():
    board = board_of(card("a", JobStatus.COMPLETED), card("b", JobStatus.MATCHING))

    drawn = CityMap([HERE]).drawn(board, 20, 5).plain

    assert drawn.count("●") == 1
    assert "·" not in drawn
    assert len(drawn.splitlines()) == 5
