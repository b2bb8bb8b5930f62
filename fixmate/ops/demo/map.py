"""The city as characters: where technicians are, which jobs wait, what has been done."""

from collections.abc import Iterable

from rich.text import Text

from fixmate.core.geo import Point
from fixmate.ops.demo.board import Board, Doing, JobCard
from jobs.enums import JobStatus

DONE, WAITING, GIVEN_UP = ("·", "green"), ("●", "bold red"), ("x", "red")
JOB_SIGNS = {
    JobStatus.REQUESTED: WAITING,
    JobStatus.MATCHING: WAITING,
    JobStatus.ASSIGNED: ("●", "bold yellow"),
    JobStatus.IN_PROGRESS: ("●", "bold green"),
    JobStatus.COMPLETED: DONE,
    JobStatus.CANCELLED: GIVEN_UP,
    JobStatus.UNMATCHED: GIVEN_UP,
}
TECHNICIAN_SIGNS = {
    Doing.IDLE: ("▴", "cyan"),
    Doing.DECIDING: ("▴", "bold magenta"),
    Doing.TRAVELLING: ("▸", "bold yellow"),
    Doing.WORKING: ("▪", "bold green"),
}
EDGE = 0.03  # of the span, left free on every side
LEAST_SPAN = 0.005  # degrees, so that one place alone is a map as well
Sign = tuple[str, str]


class CityMap:
    """A window over all places of a run."""

    def __init__(self, places: Iterable[Point]) -> None:
        points = list(places)
        self._south, self._height = _span([point.latitude for point in points])
        self._west, self._width = _span([point.longitude for point in points])

    def drawn(self, board: Board, columns: int, rows: int) -> Text:
        cells: dict[tuple[int, int], Sign] = {}
        for card in sorted(board.jobs.values(), key=_is_open):  # what is open is drawn over what is closed
            self._put(cells, card.place, JOB_SIGNS[JobStatus(card.status)], columns, rows)
        for technician in board.technicians:
            if technician.doing in TECHNICIAN_SIGNS:
                self._put(cells, technician.place, TECHNICIAN_SIGNS[technician.doing], columns, rows)
        text = Text(no_wrap=True)
        for row in range(rows):
            for column in range(columns):
                text.append(*cells.get((row, column), (" ", "")))
            text.append("\n" if row < rows - 1 else "")
        return text

    def _put(self, cells: dict[tuple[int, int], Sign], place: Point, sign: Sign, columns: int, rows: int) -> None:
        column = int((place.longitude - self._west) / self._width * columns)
        row = int((1 - (place.latitude - self._south) / self._height) * rows)
        if 0 <= column < columns and 0 <= row < rows:
            cells[row, column] = sign


def _is_open(card: JobCard) -> bool:
    return not card.is_ended


def _span(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    edge = max(LEAST_SPAN, high - low) * EDGE + max(0.0, LEAST_SPAN - (high - low)) / 2
    return low - edge, high - low + 2 * edge
