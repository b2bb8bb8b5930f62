"""The case file as a PDF: each row a paragraph, so that no text is too long for its column or for a page."""

from typing import Any, Final

from django.conf import settings
from fpdf import FPDF

from disputes.case_files import CaseFile, Chapter

_FAMILY: Final = "case"
_PLAIN: Final = "Helvetica"
_LEADING: Final = 4.5
_LATIN_1: Final = range(0x20, 0x100)
_GREY, _BLACK = (110, 110, 110), (0, 0, 0)


class _Paper(FPDF):
    """A4 with its page numbers, in the configured font or in the one that every reader has."""

    def __init__(self, name: str) -> None:
        super().__init__(format="A4")
        self.name, self.family = name, _PLAIN
        self.letters: Any = _LATIN_1
        if settings.CASE_FILE_FONT:
            self.add_font(_FAMILY, fname=settings.CASE_FILE_FONT)
            font: Any = self.fonts[_FAMILY]
            self.family, self.letters = _FAMILY, font.cmap
        self.set_auto_page_break(True, margin=18)

    def footer(self) -> None:
        self.set_y(-14)
        self.ink(8, _GREY)
        self.cell(0, 6, f"{self.name}, page {self.page_no()} of {{nb}}", align="C")

    def ink(self, size: int, colour: tuple[int, int, int] = _BLACK) -> None:
        self.set_font(self.family, size=size)
        self.set_text_color(*colour)

    def line_of(self, text: str, size: int, colour: tuple[int, int, int] = _BLACK) -> None:
        self.ink(size, colour)
        self.multi_cell(0, size * 0.5, self.shown(text), new_x="LMARGIN", new_y="NEXT")

    def pair(self, name: str, text: str) -> None:
        """Write a name and its value; on a line of their own if they do not fit on what is left of this one."""
        self.ink(9)
        if self.x > self.l_margin and self.x + self.get_string_width(f"{name} {text}") > self.w - self.r_margin:
            self.ln(_LEADING)
        self.ink(8, _GREY)
        self.write(_LEADING, f"{name} ")
        self.ink(9)
        self.write(_LEADING, f"{text}   ")

    def shown(self, value: Any) -> str:
        """Return the text so that nothing of it is lost: what the font cannot write stands there as its number."""
        return "".join(letter if letter == "\n" or self._has(letter) else _number(letter) for letter in str(value))

    def _has(self, letter: str) -> bool:
        return letter.isprintable() and ord(letter) in self.letters


def _number(letter: str) -> str:
    return f"\\u{{{ord(letter):x}}}"


def case_pdf(case: CaseFile) -> bytes:
    paper = _Paper(f"Case file {case.dispute_id}")
    paper.set_title(paper.name)
    paper.set_creation_date(case.made_at)
    paper.add_page()
    paper.line_of("FixMate: case file of a dispute", 16)
    paper.line_of(f"Dispute {case.dispute_id}\nJob {case.job_id}\nAs of {case.made_at:%Y-%m-%d %H:%M:%S} UTC", 9, _GREY)
    for chapter in case.chapters:
        _write(paper, chapter)
    return bytes(paper.output())


def _write(paper: _Paper, chapter: Chapter) -> None:
    paper.ln(5)
    paper.line_of(chapter.title, 12)
    if not chapter.rows:
        paper.line_of("Nothing on record.", 9, _GREY)
    for paragraph in chapter.paragraphs:
        for name, value in paragraph:
            paper.pair(words(name), paper.shown(value))
        paper.ln(_LEADING + 1.5)


def words(name: str) -> str:
    """Return the name of a column or a fact as people read it."""
    return name.replace("_", " ")
