"""The demo from the first line to the last: set up, start the server, play the run, sum up, stop everything."""

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TextIO

from django.conf import settings
from rich.console import Console
from rich.table import Table

from fixmate.ops.demo.bank import CardDesk, Localstripe, bank_environment, localstripe_made
from fixmate.ops.demo.board import Board
from fixmate.ops.demo.city import city_demand
from fixmate.ops.demo.demand import Demand, arrivals, demand_read
from fixmate.ops.demo.display import LiveScreen, PlainScreen, Screen
from fixmate.ops.demo.map import CityMap
from fixmate.ops.demo.options import DURATIONS, STRIPE, DemoError, Options, chance, server_environment
from fixmate.ops.demo.processes import Proof, Server, check_invariants, prove
from fixmate.ops.demo.run import Plot, Run
from fixmate.ops.demo.stage import STAFF_EMAIL, Passwords, manage_path, passwords, prepare, wait_until_ready
from fixmate.ops.demo.summary import Figures
from fixmate.ops.demo.supply import supply_plan
from fixmate.ops.programs import PortNotFree, require_free_port

HOST = "127.0.0.1"
REFRESH_S, WATCH_S = 0.25, 0.5
NOTHING_COMPARED = "0 records"
RECONCILE_TRIES, RECONCILE_PAUSE_S = 6, 3.0
BASE_36 = "0123456789abcdefghijklmnopqrstuvwxyz"


class Show:
    """One call of `manage.py demo`. With `--json` stdout has the one line of figures, all else goes to stderr."""

    def __init__(self, options: Options, out: TextIO) -> None:
        self._options = options
        self._out = out
        self._console = Console(stderr=options.as_json, highlight=False)
        self._environment = server_environment(options.port)
        self._bank: Localstripe | None = None
        self._server = Server(manage_path(), self._environment, settings.VAR_DIR / "demo.log")
        self._base_url = f"http://{HOST}:{options.port}"

    def play(self) -> bool:
        """Run everything; return whether the run was good. Whatever was started is stopped on every way out.

        :raises DemoError: with one line for the person at the terminal
        """
        demand = self._checked()
        known = passwords(settings.VAR_DIR)
        try:
            plot = self._plot(demand, known)
            self._announce(demand, plot)
            prepare(known.staff)
            self._start()
            run, figures = self._played(plot)
            self._conclude(figures)
            if self._options.stays_up:
                self._stay(run, known)
            return figures.is_good
        finally:
            self._server.stop()
            if self._bank:
                self._bank.stop()

    def _start(self) -> None:
        if self._bank:
            self._bank.start()
            self._bank.wait_until_ready()
        self._server.start()
        wait_until_ready(self._server, self._base_url)
        if self._bank:
            self._bank.tell(self._base_url)

    def _checked(self) -> Demand:
        """Refuse what cannot work before anything is written or started."""
        options = self._options
        options.check()
        if settings.IS_PRODUCTION:
            raise DemoError("the demo makes up people and orders: it does not run in production mode")
        dice = chance(options.seed, "demand")
        if options.demand is None:
            demand = city_demand(count=options.jobs, dice=dice)
        else:
            demand = demand_read(options.demand, limit=options.jobs, dice=dice)
        try:
            require_free_port(HOST, options.port)
        except PortNotFree as exc:
            raise DemoError(f"{exc}, or use --port") from exc
        if options.payments == STRIPE:
            self._bank = localstripe_made(settings.VAR_DIR / "localstripe.log")
            self._environment.update(bank_environment(self._bank.url))
        return demand

    def _plot(self, demand: Demand, known: Passwords) -> Plot:
        options, needs = self._options, demand.needs
        arrivals_s, self._speed = arrivals(needs, options.speed)
        count = options.technicians_for(len(needs))
        return Plot(
            base_url=self._base_url,
            mail_folder=settings.EMAIL_FILE_PATH,
            run=_in_base_36(time.time_ns() // 1_000_000),
            seed=options.seed,
            staff_email=STAFF_EMAIL,
            staff_password=known.staff,
            password=known.people,
            cards=CardDesk(self._bank.url) if self._bank else None,
            needs=needs,
            arrivals_s=arrivals_s,
            technicians=supply_plan(needs, count=count, dice=chance(options.seed, "supply")),
        )

    def _announce(self, demand: Demand, plot: Plot) -> None:
        for line in demand.notes():
            self._console.print(line)
        pace = f"{len(plot.needs)} requests within {plot.arrivals_s[-1]:.0f} s (gaps shrunk {self._speed:,.4g} times)"
        self._console.print(f"{pace}, {len(plot.technicians)} technicians, seed {plot.seed}")
        if self._bank:
            self._console.print(f"Cards are held and charged by localstripe, at {self._bank.url}")
        shortened = ", ".join(f"{name}={value}" for name, value in DURATIONS.items())
        self._console.print(f"Durations are shortened by settings: {shortened}", soft_wrap=True)

    def _played(self, plot: Plot) -> tuple[Run, Figures]:
        board = Board(planned=len(plot.needs))
        screen = self._screen(board, plot)
        run, began = Run(plot, board), datetime.now(UTC)
        screen.start()
        try:
            figures = asyncio.run(self._watched(run, screen))
        finally:
            screen.stop()
        proofs = self._proofs(began)
        checked = check_invariants(manage_path(), self._environment)
        return run, replace(figures, checked=checked, proofs=proofs)

    def _proofs(self, began: datetime) -> tuple[Proof, ...]:
        ledger = prove(manage_path(), self._environment, "prove_ledger")
        return (ledger, self._reconciled(began)) if self._bank else (ledger,)

    def _reconciled(self, began: datetime) -> Proof:
        """Compare the books with localstripe's, which forgets earlier runs; what is still asked is waited for.

        Nothing to compare proves nothing.
        """
        since = began.isoformat(timespec="seconds")
        for _ in range(RECONCILE_TRIES):
            proof = prove(manage_path(), self._environment, "reconcile", "--provider", STRIPE, "--since", since)
            if proof.holds:
                break
            time.sleep(RECONCILE_PAUSE_S)
        return replace(proof, holds=proof.holds and not proof.said.startswith(NOTHING_COMPARED))

    def _screen(self, board: Board, plot: Plot) -> Screen:
        if self._options.as_json or not self._console.is_terminal:
            return PlainScreen(Console(stderr=True, highlight=False), board)
        places = [*(need.place for need in plot.needs), *(technician.base for technician in plot.technicians)]
        return LiveScreen(self._console, board, CityMap(places))

    async def _watched(self, run: Run, screen: Screen) -> Figures:
        """Play the run while the screen is drawn; a server that stops by itself ends it."""
        played = asyncio.create_task(run.play())
        watched = asyncio.create_task(self._watch())
        drawn = asyncio.create_task(_draw(screen))
        try:
            await asyncio.wait((played, watched), return_when=asyncio.FIRST_COMPLETED)
            if watched.done():
                watched.result()
            return await played
        finally:
            for task in (played, watched, drawn):
                task.cancel()
            await asyncio.gather(played, watched, drawn, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            self._server.check()
            if self._bank:
                self._bank.check()
            await asyncio.sleep(WATCH_S)

    # The end

    def _conclude(self, figures: Figures) -> None:
        self._console.print(figures.table())
        if figures.surprises:
            self._console.print(f"Surprises ({figures.server_errors} of them server errors):", style="bold yellow")
            for line in figures.surprises:
                self._console.print(f"  {line}", markup=False, soft_wrap=True)
        for proof in figures.proofs:
            style = "dim" if proof.holds else "red"
            self._console.print(f"  {proof.name}: {proof.said}", style=style, markup=False, soft_wrap=True)
        for name in figures.checked.names:
            self._console.print(f"  broken: {name}", style="red", markup=False)
        if self._options.as_json:
            self._out.write(f"{figures.as_json()}\n")
            self._out.flush()

    def _stay(self, run: Run, known: Passwords) -> None:
        """Keep the server up until Ctrl-C, which is the usual end here.

        :raises DemoError: if the server stops by itself
        """
        self._console.print(self._directions(run, known))
        with suppress(KeyboardInterrupt):
            self._server.wait()
        self._console.print("Stopped.")

    def _directions(self, run: Run, known: Passwords) -> Table:
        table = Table(
            title="FixMate stays up until Ctrl-C", title_justify="left", title_style="bold", show_header=False
        )
        for label, path in (("API docs", "/docs"), ("Reference", "/redoc"), ("Console", "/admin/")):
            table.add_row(label, f"{self._base_url}{path}")
        table.add_section()
        staff = "as in FIXMATE_STAFF_PASSWORD" if known.is_staff_given else known.staff
        table.add_row("Staff", f"{STAFF_EMAIL}   {staff}")
        table.add_row("Customer", f"{run.customers[0].account.email}   {known.people}")
        table.add_row("Technician", f"{run.technicians[0].account.email}   {known.people}")
        return table


async def _draw(screen: Screen) -> None:
    while True:
        screen.refresh()
        await asyncio.sleep(REFRESH_S)


def _in_base_36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, len(BASE_36))
        digits = BASE_36[digit] + digits
    return digits
