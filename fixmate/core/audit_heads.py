"""Heads of the audit chain kept outside the database: they tell a chain that was built anew from the one that was.

Who owns the database can change a row and seal all rows after it again; the chain holds then, but not against a head
that was written down before.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import structlog

from fixmate.core import audit, clock
from fixmate.core.audit import Broken
from fixmate.core.models import AuditEntry

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KeptHead:
    sequence: int
    digest: str

    def fault(self) -> str:
        """Say what is wrong with the row this head was of; "" if it is as it was."""
        if not self.sequence:
            return ""  # of an empty chain
        digest = AuditEntry.objects.filter(sequence=self.sequence).values_list("digest", flat=True).first()
        if digest is None:
            return "it was the head once and is missing"
        return "" if digest == self.digest else "it was the head once, with another digest: the chain was built anew"


def head_line() -> str:
    """Return the present head as a line of JSON, to be kept elsewhere."""
    head = audit.head_now()
    kept = asdict(KeptHead(head.sequence, head.digest))
    return json.dumps({"at": clock.now().isoformat(timespec="seconds"), **kept})


def head_log() -> None:
    """Write the present head into the log, which leaves this machine where logs are collected."""
    head = audit.head_now()
    log.info("audit.head", sequence=head.sequence, digest=head.digest)


def heads_in(lines: Iterable[str]) -> Iterator[KeptHead]:
    """Read kept heads, one a line: from `export_audit_head`, or from a log. Other lines are passed over."""
    for line in lines:
        try:
            told = json.loads(line)
            yield KeptHead(int(told["sequence"]), str(told["digest"]))
        except (ValueError, TypeError, KeyError):
            continue


def heads_verify(heads: Iterable[KeptHead]) -> Broken | None:
    """Return the first row that is not what a kept head says it was, or None."""
    for head in sorted(heads, key=lambda one: one.sequence):
        fault = head.fault()
        if fault:
            return Broken(head.sequence, fault)
    return None
