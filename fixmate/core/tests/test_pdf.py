"""PDFs: what is taken, and what acts or hides something."""

import zlib

import pytest

from fixmate.core.files import FileRefused, FileTypeRefused, file_clean
from fixmate.core.tests.pictures import object_stream, pdf, sent

PACKED = zlib.compress


@pytest.mark.parametrize(
    "content",
    [
        pdf(b"1 0 obj <</Type /Catalog>> endobj"),
        pdf(b"1 0 obj (about /JavaScripting and /AAA and JS) endobj"),
        pdf(object_stream(PACKED(b"1 0 <</Type /Catalog>>"))),
        pdf(object_stream(PACKED(b"1 0 <<>>")), object_stream(PACKED(b"2 0 <<>>"))),
        pdf(b"4 0 obj <</Length 9>>stream\n\x01\x02/AA\xff/JS\x07 \nendstream endobj"),
        pdf(b"1 0 obj (the word /ObjStm alone) endobj"),
    ],
)
def test_a_pdf_that_is_only_read_is_kept_as_it_is(content):
    clean = file_clean(sent(content))

    assert (clean.content, clean.content_type, clean.extension) == (content, "application/pdf", "pdf")


@pytest.mark.parametrize(
    "content",
    [
        pdf(b"1 0 obj <</S /JavaScript /JS (app.alert(1))>> endobj"),
        pdf(b"1 0 obj <</JS 4 0 R>> endobj"),
        pdf(b"1 0 obj <</#4aS (app.alert(1))>> endobj"),
        pdf(b"1 0 obj <</#4A#53(app.alert(1))>> endobj"),
        pdf(b"1 0 obj <</S/#4aava#53cript>> endobj"),
        pdf(b"1 0 obj <</OpenAction 2 0 R>> endobj"),
        pdf(b"1 0 obj <</AA <</O 2 0 R>>>> endobj"),
        pdf(b"1 0 obj <</AA 2 0 R>> endobj"),
        pdf(b"1 0 obj <</AA % a remark\n 2 0 R>> endobj"),
        pdf(b"1 0 obj <</S /Launch /F (cmd.exe)>> endobj"),
        pdf(b"1 0 obj <</Names <</EmbeddedFiles 2 0 R>>>> endobj"),
        pdf(b"1 0 obj <</Type /EmbeddedFile>> endobj"),
        pdf(b"1 0 obj <</Subtype /RichMedia>> endobj"),
        pdf(b"1 0 obj <</XFA 2 0 R>> endobj"),
        pdf(b"1 0 obj <</S /SubmitForm>> endobj"),
        pdf(b"trailer <</Encrypt 2 0 R>>"),
        pdf(object_stream(PACKED(b"1 0 <</OpenAction 2 0 R>>"))),
        pdf(object_stream(PACKED(b"1 0 <</#4aS (x)>>"))),
        pdf(object_stream(PACKED(b"1 0 <</JS (x)>>"), name=b"/Obj#53tm")),
        pdf(object_stream(PACKED(b"1 0 <<>>")), object_stream(PACKED(b"1 0 <</JS (x)>>"))),
        # Object streams that cannot be looked into
        pdf(object_stream(b"not deflated at all")),
        pdf(object_stream(b"1 0 <<>>", entries=b"")),
        pdf(object_stream(PACKED(PACKED(b"1 0 <<>>")), entries=b"/Filter [/FlateDecode /FlateDecode]")),
        pdf(object_stream(PACKED(b"1 0 <<>>"), entries=b"/Filter /FlateDecode /DecodeParms <</Predictor 12>>")),
        pdf(object_stream(PACKED(b"1 0 <<>>")[:-6])),
        pdf(object_stream(PACKED(b"1 0 <<>>") + b"and more behind it")),
        pdf(object_stream(PACKED(b" " * 21_000_000))),
        pdf(*[object_stream(PACKED(b" " * 11_000_000))] * 2),
        pdf(b"5 0 obj <</Type /ObjStm /Filter /FlateDecode>>stream\n" + PACKED(b"1 0 <<>>")),
    ],
)
def test_a_pdf_that_acts_or_hides_something_is_refused(content):
    with pytest.raises(FileRefused) as refusal:
        file_clean(sent(content))

    assert refusal.value.details == {"file": ["A PDF with active or encrypted content is not accepted."]}


def test_a_truncated_pdf_is_refused():
    with pytest.raises(FileRefused) as refusal:
        file_clean(sent(pdf(b"1 0 obj <<>> endobj").replace(b"%%EOF", b"")))

    assert refusal.value.details == {"file": ["The PDF cannot be read."]}


def test_a_pdf_made_to_be_slow_is_not():
    content = pdf((b"/JS %/AA /ObjStm stream\n" * 60_000) + b"5 0 obj /Obj#53tm")

    with pytest.raises(FileRefused):
        file_clean(sent(content))


def test_a_pdf_is_refused_where_only_pictures_are_taken():
    with pytest.raises(FileTypeRefused):
        file_clean(sent(pdf()), allow_pdf=False)
