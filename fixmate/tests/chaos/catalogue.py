"""What there is to run, and on what ground. Known without Django, which is set up once the ground is there."""

from dataclasses import dataclass
from enum import StrEnum


class Database(StrEnum):
    SERVER = "PostgreSQL as it is found"
    OWN_SERVER = "a PostgreSQL of its own, to be restarted"
    FILE = "SQLite"


class Form(StrEnum):
    EMBEDDED = "no Redis"
    PRODUCTION = "a Redis of its own, which may be killed"


@dataclass(frozen=True, slots=True)
class Experiment:
    id: str
    title: str
    call: str  # module:function within this package
    is_quick: bool
    database: Database = Database.SERVER
    form: Form = Form.EMBEDDED


EXPERIMENTS = (
    Experiment("C0", "without locks the race is seen", "races:without_locks", is_quick=True),
    Experiment("C1", "16 accepts at once over HTTP", "races:accepts_over_http", is_quick=True, form=Form.PRODUCTION),
    Experiment("C2", "everybody at the deadline", "deadline:everybody_at_the_deadline", is_quick=True),
    Experiment("C3", "workers killed", "killing:workers_killed", is_quick=True, form=Form.PRODUCTION),
    Experiment("C5", "Redis killed and flushed", "servers:redis_killed", is_quick=False, form=Form.PRODUCTION),
    Experiment(
        "C6",
        "PostgreSQL restarted at once",
        "servers:postgresql_restarted",
        is_quick=True,
        database=Database.OWN_SERVER,
        form=Form.PRODUCTION,
    ),
    Experiment("C7", "1,000 webhooks, each ten times", "webhooks:thousand_events", is_quick=True),
    Experiment("C8", "clocks wrong by 120 s", "clocks_wrong:clocks_wrong", is_quick=False, form=Form.PRODUCTION),
    Experiment("C10", "poison among good tasks", "killing:poison_among_good", is_quick=True, form=Form.PRODUCTION),
    Experiment("C12", "apps on a bad network", "flaky:flaky_mobile", is_quick=True, form=Form.PRODUCTION),
    Experiment("C13", "100 at a limit of 10, Redis", "limits:limit_holds", is_quick=True, form=Form.PRODUCTION),
    Experiment("C13P", "the same, PostgreSQL", "limits:limit_holds", is_quick=True),
    Experiment("C13S", "the same, SQLite", "limits:limit_holds", is_quick=True, database=Database.FILE),
    Experiment(
        "C14", "one refresh token, 30 times at once", "refreshing:one_continuation", is_quick=True, form=Form.PRODUCTION
    ),
    Experiment("C15", "8 threads on SQLite", "races:accepts_on_sqlite", is_quick=True, database=Database.FILE),
    Experiment("C16", "rolling restart", "servers:rolling_restart", is_quick=True, form=Form.PRODUCTION),
    Experiment("C17", "model-based", "model:random_histories", is_quick=True, database=Database.FILE),
)
BY_ID = {experiment.id: experiment for experiment in EXPERIMENTS}
