"""The provider's books against ours. Reads both, and changes neither."""

from dataclasses import dataclass
from datetime import datetime

from fixmate.core import clock
from fixmate.core.snapshots import one_snapshot
from payments.providers import provider_get
from payments.selectors.reconcile import (
    Difference,
    Total,
    calls_open,
    differences_of,
    ours_of,
    posted_of,
    totals_of,
)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    records: int
    differences: list[Difference]
    totals: list[Total]


def reconcile(*, provider: str, since: datetime) -> Reconciliation:
    """Compare what the provider says it did from `since` on with our rows and books. Reaches outside.

    The provider is read first. What goes on between the two readings differs, and does not any more the next time.

    :raises ProviderAway: if it does not tell all of it
    """
    until = clock.now()
    records = list(provider_get(provider).records(since=since))
    with one_snapshot():
        ours, posted, waiting = ours_of(provider, since=since), posted_of(provider), calls_open(provider)
    differences = [*differences_of(records, ours, posted, since=since, until=until), *waiting]
    return Reconciliation(len(records), differences, totals_of(records, ours, since=since))
