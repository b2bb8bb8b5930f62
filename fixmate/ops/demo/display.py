"""What a person sees: a live picture on a terminal, plain lines elsewhere."""

from typing import Protocol

from rich.console import Console
from rich.live import Live

from fixmate.ops.demo.board import Board, Outcome
from fixmate.ops.demo.map import CityMap
from fixmate.ops.demo.picture import picture, waits_text

PLAIN_EVERY_S = 5.0


class Screen(Protocol):
    """Shows the board whenever it is told to; `stop` leaves the terminal as it was."""

    def start(self) -> None: ...

    def refresh(self) -> None: ...

    def stop(self) -> None: ...


class PlainScreen:
    """A line every few seconds, and one for every stage."""

    def __init__(self, console: Console, board: Board) -> None:
        self._console = console
        self._board = board
        self._stage = ""
        self._said_at_s = 0.0

    def start(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        board = self._board
        if board.stage != self._stage:
            self._stage = board.stage
            self._console.print(f"{board.stage} ...", highlight=False)
        elif board.asked and abs(board.elapsed_s - self._said_at_s) >= PLAIN_EVERY_S:
            self._said_at_s = board.elapsed_s
            self._console.print(progress_line(board), highlight=False, soft_wrap=True)

    def stop(self) -> None:
        self.refresh()


class LiveScreen:
    """The picture, drawn anew in place."""

    def __init__(self, console: Console, board: Board, city: CityMap) -> None:
        self._console = console
        self._board = board
        self._city = city
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")

    def start(self) -> None:
        self._live.start()

    def refresh(self) -> None:
        self._live.update(picture(self._board, self._city, self._console.size), refresh=True)

    def stop(self) -> None:
        self.refresh()
        self._live.stop()


def progress_line(board: Board) -> str:
    counts = ", ".join(f"{count} {status.lower()}" for status, count in sorted(board.by_status().items()))
    offers = f"{board.offers.total()} offers, {board.offers[Outcome.ACCEPTED]} accepted"
    asked = f"{len(board.jobs)}/{board.planned} asked ({counts})"
    return f"{board.elapsed_s:4.0f} s  {asked}; {offers}; waits {waits_text(board)}"
