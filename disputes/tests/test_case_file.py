"""The case file: gathered from every app, and the same facts as JSON, as a page and as a PDF."""

import re
import zlib
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from accounts.tests.factories import UserFactory
from disputes.admin import DisputeAdmin
from disputes.case_files import Chapter, case_file
from disputes.case_pdf import case_pdf, words
from disputes.models import Dispute, DisputeEvidence
from disputes.services import dispute_begin_review, dispute_evidence_add
from disputes.tests.factories import DisputeFactory
from disputes.tests.helpers import opened
from fixmate.core.enums import UploadPurpose
from fixmate.core.models import Upload
from fixmate.core.money import Money
from fixmate.core.storage import StorageUnavailable
from fixmate.core.tests.http import client_for
from fixmate.core.tests.pictures import picture, sent
from jobs.enums import JobEventKind, PhotoKind
from jobs.models import JobEvent, JobPhoto
from jobs.tests.factories import job_completed
from jobs.tests.helpers import upload_of
from payments.models import Payment
from payments.services import refund_finish_by_staff, refund_request
from payments.tests.factories import payment_captured

pytestmark = pytest.mark.django_db
LIST = "/api/v1/disputes"


@pytest.fixture
def dispute(noon):
    """About a job that was paid for, photographed, and taken up by staff; with a file handed in."""
    job = payment_captured(job=job_completed(created_at=noon)).job
    JobPhoto.objects.create(job=job, upload=upload_of(job.customer), kind=PhotoKind.PROBLEM)
    dispute = opened(job)
    upload = upload_of(job.customer, purpose=UploadPurpose.EVIDENCE)
    path = default_storage.save("uploads/2026/03/evidence.png", ContentFile(b"evidence"))
    Upload.objects.filter(pk=upload.pk).update(file=path)
    dispute_evidence_add(
        dispute_id=dispute.pk, actor=job.customer, evidence_ids=[upload.pk], note="Der Hahn tropft → hier."
    )
    dispute_begin_review(dispute_id=dispute.pk, actor=UserFactory(admin=True), reason="My turn.")
    return Dispute.objects.get()


@pytest.fixture
def staff():
    return client_for(UserFactory(admin=True))


@pytest.fixture
def console(client):
    client.force_login(UserFactory(admin=True))
    return client


def chapters_of(dispute):
    return {chapter.name: chapter for chapter in case_file(dispute).chapters}


def page_url(name, dispute, *more):
    return reverse(f"admin:disputes_dispute_{name}", args=[dispute.pk, *more])


def test_every_app_tells_its_chapters(dispute):
    assert list(chapters_of(dispute)) == [
        *("dispute", "thread", "evidence", "deadlines", "audit"),
        *("job", "timeline", "prices", "quotes", "quote_lines", "rules", "positions", "photos"),
        *("passes", "chosen", "offers"),
        *("payments", "payment_events", "refunds", "ledger", "chargebacks"),
        "review",
        "notifications",
    ]


def test_its_own_chapters(noon, dispute):
    chapters = chapters_of(dispute)
    evidence = DisputeEvidence.objects.get()

    facts = dict(chapters["dispute"].rows)
    assert (facts["status"], facts["description"], facts["closed_at"]) == ("UNDER_REVIEW", "It drips again.", None)
    assert facts["reviewer"] == str(dispute.reviewer)
    assert [row["kind"] for row in chapters["thread"].as_dicts] == ["OPENED", "EVIDENCE", "REVIEW_STARTED"]
    assert chapters["evidence"].rows == [
        ("2026-03-02T12:00:00Z", "CUSTOMER", "image/png", 1, "0" * 64, True, str(evidence.upload_id))
    ]
    assert [(row["kind"], row["ended_at"]) for row in chapters["deadlines"].as_dicts] == [
        ("STAFF_ANSWER", "2026-03-02T12:00:00Z"),
        ("DECISION", None),
        ("SIDE_ANSWER", None),
    ]
    assert [(row["action"], row["reason"]) for row in chapters["audit"].as_dicts] == [
        ("dispute.begin_review", "My turn.")
    ]
    assert dict(chapters_of(DisputeFactory())["dispute"].rows)["reviewer"] is None


def test_what_staff_did_about_its_money_is_told(dispute):
    staff = UserFactory(admin=True)
    payment = Payment.objects.get()
    asked = {"actor": staff, "amount": Money(4_000, "USD"), "reason": "It drips.", "dispute_id": dispute.pk}
    refund = refund_request(payment_id=payment.pk, **asked)
    refund_finish_by_staff(refund_id=refund.pk, actor=staff, reason="He rang.")

    chapters = chapters_of(dispute)

    assert [(row["action"], row["reason"]) for row in chapters["audit"].as_dicts][1:] == [
        ("refund.request", "It drips."),
        ("refund.finish", "He rang."),
    ]
    (told,) = chapters["refunds"].as_dicts
    assert (told["status"], told["amount"], told["dispute_id"]) == ("DONE", "40.00 USD", str(dispute.pk))
    assert [row["kind"] for row in chapters["ledger"].as_dicts] == ["CAPTURE"] * 2 + ["REFUND"] * 2


def test_every_row_has_a_value_for_every_column(dispute):
    for chapter in chapters_of(dispute).values():
        assert len(chapter.as_dicts) == len(chapter.rows)


def test_paragraphs_leave_out_what_is_empty():
    facts = Chapter("x", "X", ("fact", "value"), [("one", 0), ("two", None), ("three", "")])
    table = Chapter("y", "Y", ("at", "data", "is_kept"), [("noon", {}, False)])

    assert facts.paragraphs == [[("one", 0)]]
    assert table.paragraphs == [[("at", "noon"), ("is_kept", False)]]


# Over REST


def test_case_file_is_answered_as_tables(dispute, staff):
    answer = staff.get(f"{LIST}/{dispute.pk}/case-file")

    body = answer.json()
    assert (answer.status_code, body["dispute_id"], body["job_id"]) == (200, str(dispute.pk), str(dispute.job_id))
    chapters = {chapter["name"]: chapter for chapter in body["chapters"]}
    assert chapters["photos"]["columns"] == ["at", "kind", "by", "content_type", "sha256", "file"]
    assert [row["sha256"] for row in chapters["photos"]["rows"]] == ["0" * 64]
    assert [row["kind"] for row in chapters["payment_events"]["rows"]] == ["FROZEN"]


@pytest.mark.parametrize("extra", [0, 5])
def test_case_file_takes_a_constant_number_of_queries(dispute, extra, django_assert_num_queries):
    for _ in range(extra):
        JobEvent.objects.create(job=dispute.job, kind=JobEventKind.NOTE, status="COMPLETED", at=dispute.created_at)
        JobPhoto.objects.create(job=dispute.job, upload=upload_of(dispute.opened_by), kind=PhotoKind.RESULT)
    dispute = Dispute.objects.select_related("job", "opened_by", "reviewer", "technician__user").get()

    with django_assert_num_queries(30):
        case_file(dispute)


# As a PDF


def text_of(pdf):
    """Return what the streams of a PDF say, as far as they are text in one font of every reader."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S)
    said = b"".join(zlib.decompress(one) for one in streams if one[:1] == b"x")
    return b" ".join(re.findall(rb"\(((?:\\.|[^\\)])*)\) Tj", said)).decode("latin-1")


@pytest.fixture
def font(tmp_path):
    """A font that writes all of ASCII, and an arrow, as a blank."""
    path, names = tmp_path / "blanks.ttf", [".notdef", "blank"]
    made = FontBuilder(1000)
    made.setupGlyphOrder(names)
    made.setupCharacterMap(dict.fromkeys([*range(0x20, 0x7F), ord("→")], "blank"))
    made.setupGlyf(dict.fromkeys(names, TTGlyphPen(None).glyph()))
    made.setupHorizontalMetrics(dict.fromkeys(names, (600, 0)))
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupNameTable({"familyName": "Blanks", "styleName": "Regular", "psName": "Blanks-Regular"})
    made.setupOS2()
    made.setupPost()
    made.save(path)
    return path


def test_case_file_is_downloaded_as_a_pdf(dispute, staff):
    answer = staff.get(f"{LIST}/{dispute.pk}/case-file/pdf")

    content = answer.getvalue()
    assert (answer.status_code, answer["Content-Type"], content[:5]) == (200, "application/pdf", b"%PDF-")
    assert answer["Content-Disposition"] == f'attachment; filename="case-{dispute.pk}.pdf"'
    assert (answer["Cache-Control"], answer["X-Content-Type-Options"]) == ("private, no-store", "nosniff")
    said = text_of(content)
    assert "Case file" in said
    assert "0" * 64 in said
    assert "Nothing on record." in said


def test_pdf_loses_no_letter(dispute):
    """What the font of every reader has not is written as its number."""
    said = text_of(case_pdf(case_file(dispute)))

    assert "\\\\u{2192}" in said


def test_pdf_takes_a_font_that_has_more_letters(dispute, settings, font):
    settings.CASE_FILE_FONT = str(font)

    content = case_pdf(case_file(dispute))

    assert b"Blanks" in content
    assert b"<2192>" in content, "the letter itself, in the table by which readers copy text"


def test_pdf_holds_texts_of_any_length(dispute):
    long = "A very long story. " * 1000 + "x" * 3000
    rows = [("2026-03-02T12:00:00Z", long), ("", None)]
    case = case_file(dispute)
    case.chapters.append(Chapter("story", "A story", ("at", "text"), rows))

    assert case_pdf(case).count(b"/Type /Page\n") > 5


def test_names_are_words():
    assert words("sent_at") == "sent at"


# In the console


def test_console_shows_the_case_file_with_its_files(dispute, console):
    evidence, photo = DisputeEvidence.objects.get(), JobPhoto.objects.get()

    page = console.get(page_url("case_file", dispute))
    text = page.content.decode()

    assert page.status_code == 200
    assert page_url("case_pdf", dispute) in text
    assert "Der Hahn tropft → hier." in text
    for upload_id in (evidence.upload_id, photo.upload_id):
        assert page_url("file", dispute, upload_id) in text
    assert page_url("case_file", dispute) in console.get(page_url("change", dispute)).content.decode()


def test_console_escapes_what_people_wrote(console):
    dispute = DisputeFactory(description="<script>alert(1)</script>")

    text = console.get(page_url("case_file", dispute)).content.decode()

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_console_hands_out_the_pdf_and_the_files(dispute, console):
    assert console.get(page_url("case_pdf", dispute)).getvalue()[:5] == b"%PDF-"
    file = console.get(page_url("file", dispute, DisputeEvidence.objects.get().upload_id))
    assert file.getvalue() == b"evidence"


def test_console_hands_out_no_file_of_another_case(dispute, console):
    other = DisputeFactory()

    assert console.get(page_url("file", other, DisputeEvidence.objects.get().upload_id)).status_code == 404
    assert console.get(page_url("file", dispute, upload_of(dispute.opened_by).pk)).status_code == 404


@pytest.mark.parametrize("name", ["case_file", "case_pdf"])
def test_console_knows_no_case_file_of_nothing(console, name):
    missing = reverse(f"admin:disputes_dispute_{name}", args=["0198f0c4-7a51-7c3e-9d0a-3f1f6f0f2b11"])

    assert console.get(missing).status_code == 404


@pytest.mark.parametrize("name", ["case_file", "case_pdf"])
def test_only_staff_see_it_in_the_console(dispute, client, name):
    client.force_login(dispute.opened_by)

    assert client.get(page_url(name, dispute)).status_code == 302


def test_console_tells_when_the_storage_is_away(dispute, console, monkeypatch):
    def fail(_upload):
        raise StorageUnavailable

    monkeypatch.setattr("disputes.admin.upload_response", fail)

    page = console.get(page_url("file", dispute, DisputeEvidence.objects.get().upload_id), follow=True)

    assert "SERVICE_UNAVAILABLE" in page.content.decode()


def test_console_shows_what_is_overdue(noon, dispute, console):
    shown = DisputeAdmin.due(None, dispute)
    assert shown == "2026-03-05 12:00 UTC"
    dispute.due_at = noon - timedelta(hours=1)
    assert "overdue since 2026-03-02 11:00 UTC" in DisputeAdmin.due(None, dispute)
    assert DisputeAdmin.due(None, Dispute()) == "-"


@pytest.mark.parametrize(("act", "side"), [("ask-customer", "CUSTOMER"), ("ask-technician", "TECHNICIAN")])
def test_console_asks_a_side(dispute, console, act, side):
    console.post(page_url("act", dispute, act), {"reason": "Send a photo."})

    assert dispute.events.last().kind == "ASKED"
    assert dispute.deadlines.last().side == side


def test_console_says_something(dispute, console):
    console.post(page_url("act", dispute, "say"), {"reason": "We look at it."})

    assert (dispute.events.last().kind, dispute.events.last().text) == ("MESSAGE", "We look at it.")


def test_console_hands_a_file_in(dispute, console):
    address = page_url("act", dispute, "hand-in")
    assert 'enctype="multipart/form-data"' in console.get(address).content.decode()

    console.post(address, {"reason": "What the bank sent.", "file": sent(picture())})

    held = DisputeEvidence.objects.order_by("id").last()
    assert (held.event.text, held.event.actor_role, held.is_kept) == ("What the bank sent.", "ADMIN", True)


def test_console_says_which_file_it_cannot_keep(dispute, console):
    body = {"reason": "What the bank sent.", "file": SimpleUploadedFile("a.txt", b"Hello.")}

    page = console.post(page_url("act", dispute, "hand-in"), body, follow=True)

    assert "UNSUPPORTED_MEDIA_TYPE" in page.content.decode()
    assert DisputeEvidence.objects.count() == 1
