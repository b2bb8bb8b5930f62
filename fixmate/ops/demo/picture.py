"""The live picture: jobs by state, offers, waits, technicians, money, a map and the last events."""

from collections.abc import Iterable

from rich.console import ConsoleDimensions, Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fixmate.core.money import Money
from fixmate.ops.demo.board import Board, Doing, Happening, Outcome, Tone
from fixmate.ops.demo.map import CityMap
from fixmate.ops.demo.summary import MEDIAN, NINE_OF_TEN, percentile
from jobs.enums import JobStatus

STATUS_COLOURS = {
    JobStatus.REQUESTED: "white",
    JobStatus.MATCHING: "red",
    JobStatus.ASSIGNED: "yellow",
    JobStatus.IN_PROGRESS: "bright_green",
    JobStatus.COMPLETED: "green",
    JobStatus.CANCELLED: "magenta",
    JobStatus.UNMATCHED: "bright_red",
}
OUTCOME_COLOURS = {
    Outcome.OPEN: "magenta",
    Outcome.ACCEPTED: "green",
    Outcome.REFUSED: "yellow",
    Outcome.LAPSED: "bright_black",
    Outcome.LATE: "bright_black",
}
DOING_COLOURS = {
    Doing.IDLE: "cyan",
    Doing.DECIDING: "magenta",
    Doing.TRAVELLING: "yellow",
    Doing.WORKING: "green",
}
TONES = {Tone.PLAIN: ("·", "white"), Tone.GOOD: ("✓", "cyan"), Tone.DONE: ("✔", "green"), Tone.BAD: ("✗", "red")}
WIDEST, NARROW = 140, 100
BAR = 12
BOX_ROWS = 7
HEADER_ROWS, BOXES_ROWS, FRAME_ROWS = 5, BOX_ROWS + 2, 2
MAP_ROWS, LEAST_ROWS, MOST_ROWS = 16, 4, 24
SPARKS, SPARK_LENGTH = "▁▂▃▄▅▆▇█", 18
MINUTE = 60


def picture(board: Board, city: CityMap, size: ConsoleDimensions) -> RenderableType:
    """Draw the board so that it fits the window."""
    width = min(size.width, WIDEST)
    rows = max(LEAST_ROWS, min(MOST_ROWS, size.height - HEADER_ROWS - BOXES_ROWS - FRAME_ROWS - 1))
    boxes = [_box("Jobs", _jobs(board)), _box("Offers", _offers(board)), _box("Waits", _waits(board))]
    boxes.append(_box("Technicians", _technicians(board)))
    if width >= NARROW:
        boxes.append(_box("Money", _money(board)))
    half = width // 2 - 4
    below = [
        Panel(city.drawn(board, half, rows), title="City", title_align="left", border_style="bright_black"),
        Panel(_events(board, rows), title="Last events", title_align="left", border_style="bright_black"),
    ]
    return Group(_header(board, width), _side_by_side(boxes, width), _side_by_side(below, width))


def waits_text(board: Board) -> str:
    waits = board.waits_s()
    median, most = percentile(waits, MEDIAN), percentile(waits, NINE_OF_TEN)
    return "-" if median is None or most is None else f"p50 {median:.1f} s, p90 {most:.1f} s"


def _side_by_side(parts: list[Panel], width: int) -> Table:
    grid = Table.grid(expand=False)
    grid.width = width
    for _ in parts:
        grid.add_column(ratio=1)
    grid.add_row(*parts)
    return grid


def _box(title: str, lines: Iterable[RenderableType]) -> Panel:
    return Panel(Group(*lines), title=title, title_align="left", height=BOX_ROWS + 2, border_style="bright_black")


def _header(board: Board, width: int) -> Panel:
    minutes, seconds = divmod(int(board.elapsed_s), MINUTE)
    top = Table.grid(expand=True)
    top.add_column(ratio=1)
    top.add_column(justify="right")
    top.add_row(Text(board.stage, style="bold"), Text(f"{minutes}:{seconds:02d}", style="bold cyan"))
    asked = f"{len(board.jobs)} of {board.planned} asked"
    done = sum(card.is_ended for card in board.jobs.values())
    progress = Table.grid(expand=True, padding=(0, 1))
    progress.add_column(width=20)
    progress.add_column(ratio=1)
    progress.add_row(asked, ProgressBar(board.planned, len(board.jobs), complete_style="yellow"))
    progress.add_row(f"{done} ended", ProgressBar(board.planned, done, complete_style="green"))
    title = "[bold cyan]FixMate[/] live"
    return Panel(Group(top, progress), title=title, title_align="left", border_style="cyan", width=width)


def _row(label: str, count: int, whole: int, colour: str) -> RenderableType:
    filled = min(BAR, round(BAR * count / whole)) if whole else 0
    line = Table.grid(expand=True)
    line.add_column(ratio=1, no_wrap=True)
    line.add_column(width=filled)
    line.add_column(width=5, justify="right")
    line.add_row(Text(label), Text("━" * filled, style=colour), Text(str(count), style=f"bold {colour}"))
    return line


def _jobs(board: Board) -> list[RenderableType]:
    counts = board.by_status()
    return [_row(status.label, counts[status], board.planned, colour) for status, colour in STATUS_COLOURS.items()]


def _offers(board: Board) -> list[RenderableType]:
    made = board.offers.total()
    rows = [_row(outcome.capitalize(), board.offers[outcome], made, tint) for outcome, tint in OUTCOME_COLOURS.items()]
    per_job = f"{made / len(board.jobs):.2f} a job" if board.jobs else ""
    return [*rows, Text(""), Text(per_job, style="bright_black")]


def _waits(board: Board) -> list[RenderableType]:
    waits = board.waits_s()
    found = [("Half within", percentile(waits, MEDIAN)), ("Nine of ten within", percentile(waits, NINE_OF_TEN))]
    found.append(("Longest", max(waits, default=None)))
    lines: list[RenderableType] = []
    for label, value in found:
        line = Table.grid(expand=True)
        line.add_column(ratio=1, no_wrap=True)
        line.add_column(justify="right")
        line.add_row(label, Text("-" if value is None else f"{value:.1f} s", style="bold cyan"))
        lines.append(line)
    spark = _spark(board.waits_s()[-SPARK_LENGTH:])
    return [*lines, Text(""), Text(spark, style="cyan"), Text("the last ones", style="bright_black")]


def _spark(values: list[float]) -> str:
    top = max(values, default=0.0)
    return "".join(SPARKS[round(value / top * (len(SPARKS) - 1))] if top else SPARKS[0] for value in values)


def _technicians(board: Board) -> list[RenderableType]:
    counts, everybody = board.by_doing(), len(board.technicians)
    rows = [_row(doing.capitalize(), counts[doing], everybody, colour) for doing, colour in DOING_COLOURS.items()]
    return [*rows, Text(""), Text(f"{everybody} online", style="bright_black")]


def _money(board: Board) -> list[RenderableType]:
    billed = [Text(str(Money(minor, currency)), style="bold green") for currency, minor in board.billed.items()]
    reviews = len(board.reviews)
    mean = f"{sum(board.reviews) / reviews:.1f} " if reviews else ""
    stars = Text("★" * round(sum(board.reviews) / reviews) if reviews else "", style="yellow")
    label = Text(f"{reviews} reviews, {mean}".removesuffix(", "))
    return [Text("Billed"), *(billed or [Text("-")]), Text(""), label, stars]


def _events(board: Board, rows: int) -> Text:
    lines = [_event(event) for event in list(board.events)[-rows:]]
    return Text("\n", no_wrap=True, overflow="ellipsis").join(lines)


def _event(event: Happening) -> Text:
    sign, style = TONES[event.tone]
    minutes, seconds = divmod(int(event.at_s), MINUTE)
    return Text.assemble((f"{minutes}:{seconds:02d} ", "bright_black"), (f"{sign} {event.text}", style))
