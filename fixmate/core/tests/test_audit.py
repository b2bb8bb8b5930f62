from datetime import date
from decimal import Decimal
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from fixmate.core import audit, triggers
from fixmate.core.context import Context, Source, entered
from fixmate.core.errors import Invalid
from fixmate.core.models import AuditEntry, AuditHead, OutboxMessage
from fixmate.core.tests.races import at_once

pytestmark = pytest.mark.django_db


def record(reason: str = "because", **changes) -> AuditEntry:
    facts = {"actor": None, "action": "kettle.descale", "target": OutboxMessage(pk=5), "reason": reason, **changes}
    return audit.record(**facts)


@pytest.fixture
def five():
    return [record(f"reason {number}") for number in range(1, 6)]


def as_superuser(sql: str, *params) -> None:
    """Change the table past its triggers, as one who owns the database can."""
    triggers.drop_triggers()
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def test_record_writes_who_what_why_and_where_from(noon, user):
    with entered(Context(Source.CONSOLE, "request-1", "203.0.113.9")):
        entry = record(" fishy ", actor=user, before={"status": "NEW"}, after={"status": "OLD"})

    row = AuditEntry.objects.get()
    assert row == entry
    assert (row.sequence, row.at, row.actor_id, row.actor_label) == (1, noon, user.pk, str(user))
    assert (row.action, row.target_type, row.target_id) == ("kettle.descale", "core.OutboxMessage", "5")
    assert (row.reason, row.source, row.ip_address, row.request_id) == (
        "fishy", "CONSOLE", "203.0.113.9", "request-1",
    )  # fmt: skip
    assert (row.before, row.after) == ({"status": "NEW"}, {"status": "OLD"})
    assert row.previous_digest == audit.GENESIS
    assert str(row) == "#1 kettle.descale core.OutboxMessage 5"


def test_record_without_an_actor_is_labelled_by_its_source():
    with entered(Context(Source.COMMAND)):
        entry = record()

    assert (entry.actor_id, entry.actor_label) == (None, "COMMAND")


@pytest.mark.parametrize("reason", ["", "   ", "\n\t"])
def test_record_without_a_reason_is_refused(reason):
    with pytest.raises(Invalid) as refusal:
        record(reason)

    assert refusal.value.details == {"reason": ["This field may not be blank."]}
    assert AuditEntry.objects.count() == 0


def test_record_taken_back_leaves_the_chain_whole(five):
    with transaction.atomic():
        record("taken back")
        transaction.set_rollback(True)
    record("after that")

    assert audit.verify() is None
    assert AuditEntry.objects.count() == 6


@pytest.mark.parametrize(
    "facts",
    [
        {"rate": Decimal("0.15"), "who": UUID(int=3), "on": date(2026, 3, 2)},
        {10: "ten", 9: "nine"},
        {"pair": (1, 2)},
        {"latitude": 42.3601, "tiny": 1e-7},
        {"text": "Łódź \u2028 \U0001f6b0"},
    ],
)
def test_the_digest_holds_for_facts_as_they_are_read_back(facts):
    record(before=facts)

    assert audit.verify() is None


@pytest.mark.parametrize("address", ["2001:DB8:0:0::1", "::ffff:192.0.2.1", "192.0.2.1"])
def test_the_digest_holds_for_every_way_of_writing_an_address(address):
    with entered(Context(Source.REST, "", address)):
        record()

    assert audit.verify() is None


def test_what_no_json_holds_is_a_bug():
    with pytest.raises(TypeError, match="not auditable"):
        record(after={"thing": object()})


# The chain


def test_an_empty_chain_holds():
    assert audit.verify() is None


def test_a_chain_holds(five):
    assert audit.verify() is None
    assert [entry.previous_digest for entry in five[1:]] == [entry.digest for entry in five[:-1]]


@pytest.mark.parametrize(
    "column", ["reason", "actor_label", "action", "target_type", "target_id", "source", "request_id"]
)
def test_a_changed_row_is_named(five, column):
    as_superuser(f"UPDATE core_auditentry SET {column} = 'other' WHERE sequence = 3")

    assert audit.verify() == audit.Broken(3, "its content was changed")


def test_a_changed_time_is_named(five):
    as_superuser("UPDATE core_auditentry SET at = '2020-01-01 00:00:00' WHERE sequence = 2")

    assert audit.verify() == audit.Broken(2, "its content was changed")


@pytest.mark.parametrize("sequence", [1, 3])
def test_a_removed_row_is_named(five, sequence):
    as_superuser("DELETE FROM core_auditentry WHERE sequence = %s", sequence)

    assert audit.verify() == audit.Broken(sequence, f"row {sequence} is missing")


def test_reordered_rows_are_named(five):
    as_superuser("UPDATE core_auditentry SET sequence = 99 WHERE sequence = 2")
    as_superuser("UPDATE core_auditentry SET sequence = 2 WHERE sequence = 3")
    as_superuser("UPDATE core_auditentry SET sequence = 3 WHERE sequence = 99")

    assert audit.verify() == audit.Broken(2, "it does not follow the row before it")


def test_a_chain_cut_short_is_named(five):
    as_superuser("DELETE FROM core_auditentry WHERE sequence > 3")

    assert audit.verify() == audit.Broken(4, "the chain ends before the recorded head: rows are missing at the end")


def test_an_emptied_table_is_named(five):
    as_superuser("DELETE FROM core_auditentry")

    assert audit.verify().sequence == 1


def test_a_row_slipped_in_past_the_head_is_named(five):
    AuditHead.objects.update(sequence=4, digest=five[3].digest)

    assert audit.verify() == audit.Broken(5, "it was added past the recorded head")


def test_a_chain_rebuilt_under_the_head_is_named(five):
    AuditHead.objects.update(digest="f" * 64)

    assert audit.verify() == audit.Broken(5, "the recorded head has another digest")


def test_an_entry_written_while_the_chain_is_walked_is_no_fault(five, monkeypatch):
    walk = audit._entries

    def walk_with_a_writer():
        record("meanwhile")
        return walk()

    monkeypatch.setattr(audit, "_entries", walk_with_a_writer)

    assert audit.verify() is None


def test_an_entry_written_after_the_walk_is_no_fault(five, monkeypatch):
    walk = audit._entries

    def walk_then_a_writer():
        yield from walk()
        record("meanwhile")

    monkeypatch.setattr(audit, "_entries", walk_then_a_writer)

    assert audit.verify() is None


# The table


@pytest.mark.parametrize(
    "sql", ["UPDATE core_auditentry SET reason = 'better'", "DELETE FROM core_auditentry WHERE sequence = 5"]
)
def test_the_database_refuses_to_change_or_remove_an_entry(five, sql):
    with pytest.raises(IntegrityError, match="core_auditentry is append-only"), transaction.atomic():
        as_plain_user(sql)

    assert audit.verify() is None


def as_plain_user(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_the_database_refuses_an_entry_without_a_reason_and_a_second_head():
    entry = record()

    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry.objects.create(sequence=2, at=entry.at, reason="", digest="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditHead.objects.create(pk=2)
    assert str(AuditHead.objects.get()) == "#1"


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_keep_the_chain():
    def write_many():
        for _ in range(25):
            record()

    assert at_once(*[write_many] * 8) == [None] * 8
    assert AuditEntry.objects.count() == 200
    assert audit.verify() is None


@pytest.mark.parametrize("page", [1, 2, 5, 9])
def test_the_chain_is_walked_in_pages(five, monkeypatch, page):
    monkeypatch.setattr(audit, "PAGE", page)
    read, page_after = [], audit._page_after
    monkeypatch.setattr(audit, "_page_after", lambda last: read.append(found := page_after(last)) or found)

    assert audit.verify() is None

    assert max(len(entries) for entries in read) == min(page, 5)
    assert sum(len(entries) for entries in read) == 5


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_chain_of_one_moment_is_walked(monkeypatch):
    """A row that is taken out and put in again while we look is no row that is missing."""
    for _ in range(3):
        record()
    monkeypatch.setattr(audit, "PAGE", 1)
    page_after = audit._page_after

    def page(last):
        if last == 1:
            at_once(record)
        return page_after(last)

    monkeypatch.setattr(audit, "_page_after", page)
    walked = []
    monkeypatch.setattr(audit, "_fault", lambda entry, *_: walked.append(entry.sequence) or "")

    assert audit.verify() is None
    assert walked == [1, 2, 3]


# The command


def test_verify_audit_says_that_the_chain_holds(five):
    out = StringIO()

    call_command("verify_audit", stdout=out)

    assert out.getvalue() == f"audit chain holds: 5 rows, head {five[4].digest}\n"


def test_verify_audit_of_an_empty_chain_holds():
    out = StringIO()

    call_command("verify_audit", stdout=out)

    assert out.getvalue() == f"audit chain holds: 0 rows, head {audit.GENESIS}\n"


def test_verify_audit_fails_at_the_first_broken_row(five):
    as_superuser("UPDATE core_auditentry SET reason = 'other' WHERE sequence >= 3")

    with pytest.raises(CommandError) as failure:
        call_command("verify_audit")

    assert str(failure.value) == "audit chain broken at row 3: its content was changed"
    assert failure.value.returncode == 1
