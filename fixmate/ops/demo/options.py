"""What the demo was asked to do, and the settings it runs the server under."""

import random
from dataclasses import dataclass
from math import ceil, isfinite
from pathlib import Path

DEFAULT_JOBS, MAX_JOBS = 60, 20_000
LEAST_TECHNICIANS, MAX_TECHNICIANS, JOBS_PER_TECHNICIAN = 40, 1_000, 3
LEAST_CUSTOMERS, JOBS_PER_CUSTOMER = 10, 5
LAST_REQUEST_AFTER_S = 120.0
DEFAULT_SEED = 1
OFFLINE, STRIPE = PAYMENTS = ("offline", "stripe")
MAX_PORT = 65_535

SEARCH_BUDGET_S = 60
STUCK_AFTER_S = 60  # after the search budget of the last request
PING_EVERY_S = 10.0

# Ordinary settings, shortened so that a day of work fits into minutes. Printed at the start of a run.
DURATIONS = {
    "OFFER_TIMEOUT_S": 4,
    "OFFER_TIMEOUT_SCHEDULED_S": 4,
    "PASS_RETRY_S": 1,
    "SEARCH_BUDGET_S": SEARCH_BUDGET_S,
    "SEARCH_RADIUS_STEP_S": 6,
    "COOLDOWN_REJECT_S": 2,
    "COOLDOWN_SILENT_S": 4,
    "COOLDOWN_UNDELIVERED_S": 1,
    "PAUSE_S": 20,
    "BUSY_MEMORY_S": 20,
    "REFUSAL_MEMORY_S": 120,
    "DISPATCH_LEAD_S": 4,
    "CANCELLATION_GRACE_S": 3,
    "POSITION_FRESH_S": 30,
    "POSITION_TOUCH_S": 5,
}
# One address makes all the requests of a city, so the limits per address are off; mails are files to read codes from.
SURROUNDINGS = {
    "RATE_LOGIN": "",
    "RATE_CODES": "",
    "RATE_REGISTER": "",
    "RATE_REFRESH": "",
    "RATE_OFFER_ANSWERS": "",
    "RATE_UPLOADS": "",
    "RATE_REQUESTS": "",
    "REQUIRED_DOCUMENTS": "IDENTITY",
    "EMAIL_HOST": "",
    "HOST": "127.0.0.1",
    "LOG_LEVEL": "WARNING",
    "STRIPE_SECRET_KEY": "",  # made-up people pay nobody real
}


class DemoError(Exception):
    """The demo cannot go on; the message is one line for the person who started it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    demand: Path | None
    jobs: int
    technicians: int | None
    speed: float | None
    seed: int
    port: int
    payments: str
    stays_up: bool
    as_json: bool

    def check(self) -> None:
        """Refuse what cannot be meant.

        :raises DemoError: naming the option
        """
        if not 1 <= self.jobs <= MAX_JOBS:
            raise DemoError(f"--jobs must be from 1 to {MAX_JOBS}, not {self.jobs}")
        if self.technicians is not None and not 1 <= self.technicians <= MAX_TECHNICIANS:
            raise DemoError(f"--technicians must be from 1 to {MAX_TECHNICIANS}, not {self.technicians}")
        if self.speed is not None and not (isfinite(self.speed) and self.speed > 0):
            raise DemoError(f"--speed must be above 0, not {self.speed}")
        if not 1 <= self.port <= MAX_PORT:
            raise DemoError(f"--port must be from 1 to {MAX_PORT}, not {self.port}")

    def technicians_for(self, jobs: int) -> int:
        return self.technicians or min(MAX_TECHNICIANS, max(LEAST_TECHNICIANS, ceil(jobs / JOBS_PER_TECHNICIAN)))


def customers_for(jobs: int) -> int:
    return min(jobs, max(LEAST_CUSTOMERS, ceil(jobs / JOBS_PER_CUSTOMER)))


def server_environment(port: int) -> dict[str, str]:
    """Return what is added to the environment of the server, its worker and every check."""
    return {**{name: str(value) for name, value in DURATIONS.items()}, **SURROUNDINGS, "PORT": str(port)}


def chance(seed: int, *subject: object) -> random.Random:
    """Return the dice of one person or thing: the same for the same seed, whatever the others do."""
    return random.Random("/".join(map(str, (seed, *subject))))  # noqa: S311 - a story, not a secret
