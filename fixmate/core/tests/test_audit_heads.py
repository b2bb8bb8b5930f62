import json
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from fixmate.core import audit, audit_heads, tasks
from fixmate.core.audit_heads import KeptHead, heads_in, heads_verify
from fixmate.core.models import AuditEntry, AuditHead
from fixmate.core.tests.test_audit import as_superuser, record

pytestmark = pytest.mark.django_db


@pytest.fixture
def five():
    return [record(f"reason {number}") for number in range(1, 6)]


def rebuild(first: int) -> None:
    """Seal the chain again from a row on, and its head, as somebody who owns the database and knows the code could."""
    previous = AuditEntry.objects.get(sequence=first - 1).digest
    for entry in AuditEntry.objects.filter(sequence__gte=first).order_by("sequence"):
        entry.previous_digest = previous
        previous = entry.digest = audit.digest_of(entry)
        as_superuser(
            "UPDATE core_auditentry SET previous_digest = %s, digest = %s WHERE sequence = %s",
            entry.previous_digest,
            entry.digest,
            entry.sequence,
        )
    AuditHead.objects.update(digest=previous)


def exported(file=None) -> str:
    out = StringIO()
    call_command("export_audit_head", stdout=out, to=file)
    return out.getvalue()


def test_export_prints_the_head_with_its_time(five, noon):
    assert json.loads(exported()) == {"at": "2026-03-02T12:00:00+00:00", "sequence": 5, "digest": five[4].digest}


def test_export_of_an_empty_chain_is_its_beginning(noon):
    assert json.loads(exported())["sequence"] == 0


def test_export_adds_to_a_file(five, tmp_path):
    file = tmp_path / "heads.jsonl"

    said = [exported(file) for _ in range(2)]

    assert said == ["", ""]
    assert list(heads_in(file.read_text().splitlines())) == [KeptHead(5, five[4].digest)] * 2


def test_the_sweep_writes_the_head_into_the_log(five, monkeypatch):
    told = []
    monkeypatch.setattr(audit_heads, "log", SimpleNamespace(info=lambda event, **facts: told.append((event, facts))))

    tasks.log_audit_head()

    assert told == [("audit.head", {"sequence": 5, "digest": five[4].digest})]


def test_heads_are_read_out_of_a_log_among_other_lines():
    lines = ["", "[INFO] started", "7", "null", '{"event": "x"}', '{"sequence": "x", "digest": "y"}']
    lines += ['{"event": "audit.head", "sequence": 3, "digest": "abc", "level": "info"}']

    assert list(heads_in(lines)) == [KeptHead(3, "abc")]


def test_a_chain_that_only_grew_holds_against_its_heads(five):
    kept = [KeptHead(0, audit.GENESIS), KeptHead(3, five[2].digest), KeptHead(5, five[4].digest)]
    record("later")

    assert heads_verify(kept) is None


def test_a_chain_that_was_built_anew_holds_by_itself_and_not_against_its_head(five):
    kept = [KeptHead(5, five[4].digest), KeptHead(3, five[2].digest)]
    as_superuser("UPDATE core_auditentry SET reason = 'better' WHERE sequence = 2")
    rebuild(2)

    fault = "it was the head once, with another digest: the chain was built anew"
    assert audit.verify() is None
    assert heads_verify(kept) == audit.Broken(3, fault)


def test_a_chain_cut_short_with_its_head_does_not_hold_against_its_head(five):
    as_superuser("DELETE FROM core_auditentry WHERE sequence > 3")
    AuditHead.objects.update(sequence=3, digest=five[2].digest)

    assert audit.verify() is None
    assert heads_verify([KeptHead(5, five[4].digest)]) == audit.Broken(5, "it was the head once and is missing")


# The command


def test_verify_audit_takes_kept_heads(five, tmp_path):
    file, out = tmp_path / "heads.jsonl", StringIO()
    file.write_text(audit_heads.head_line())

    call_command("verify_audit", kept=file, stdout=out)

    assert out.getvalue().splitlines()[1] == "it holds against 1 kept heads"


def test_verify_audit_fails_at_a_kept_head(five, tmp_path):
    file = tmp_path / "heads.jsonl"
    file.write_text(json.dumps({"sequence": 4, "digest": "f" * 64}))

    with pytest.raises(CommandError, match="broken at row 4: it was the head once"):
        call_command("verify_audit", kept=file)


@pytest.mark.parametrize(
    ("content", "text"), [(None, "cannot read"), (b"nothing", "no head"), (b"\xff", "cannot read")]
)
def test_verify_audit_refuses_a_file_without_heads(tmp_path, content, text):
    file = tmp_path / "heads.jsonl"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(CommandError, match=text):
        call_command("verify_audit", kept=file)
