"""A report as a file: XLSX and PDF. Loaded only when somebody asks for one.

The PDF names Adobe's GB1 character collection and embeds no font: every reader has a font for it,
the file stays small, and its text can be searched and copied.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from router.core.documents import Document, Section

FONT = "STSong-Light"
#: Columns of one table at most on paper: an hour each and the day.
_LONGEST_NAME = 31
#: Rows of the sheet of tickets at most; the CSV has all.
MOST = 100_000


# ---------------------------------------------------------------- XLSX


def xlsx(document: Document, heads: Sequence[str], tickets: Iterable[Sequence[Any]]) -> bytes:
    """A sheet of facts and definitions, one for each table, and one row a ticket on the last."""
    kept = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(kept, options) as book:
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet(_sheet_name(document.title, set()))
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 90)
        for line, (name, said) in enumerate([*document.facts, *document.definitions]):
            sheet.write_string(line, 0, name, bold)
            sheet.write_string(line, 1, said)
        taken = {document.title}
        for section in document.sections:
            _section_sheet(book, section, taken, bold)
        if heads:
            _tickets_sheet(book, heads, tickets, bold)
    return kept.getvalue()


def _section_sheet(book: Any, section: Section, taken: set[str], bold: Any) -> None:
    sheet = book.add_worksheet(_sheet_name(section.title, taken))
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, max(len(section.table.heads) - 1, 1), 14)
    for column, head in enumerate(section.table.heads):
        sheet.write_string(0, column, head, bold)
    for line, row in enumerate(section.table.rows, 1):
        for column, one in enumerate(row):
            if one.value is None or "/" in one.text:
                sheet.write_string(line, column, one.text)
            else:
                sheet.write_number(line, column, one.value)
    sheet.freeze_panes(1, 1)


def _tickets_sheet(
    book: Any, heads: Sequence[str], tickets: Iterable[Sequence[Any]], bold: Any
) -> None:
    sheet = book.add_worksheet("tickets")
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head, bold)
    for line, row in enumerate(tickets, 1):
        if line > MOST:
            break
        for column, one in enumerate(row):
            if isinstance(one, str):
                sheet.write_string(line, column, one)
            else:
                sheet.write_number(line, column, one)
    sheet.freeze_panes(1, 1)


def _sheet_name(title: str, taken: set[str]) -> str:
    """A name a spreadsheet takes, none twice."""
    plain = "".join(" " if one in "[]:*?/\\" else one for one in title)[:_LONGEST_NAME]
    name, number = plain, 2
    while name in taken:
        name = f"{plain[: _LONGEST_NAME - 3]} {number}"
        number += 1
    taken.add(name)
    return name


# ---------------------------------------------------------------- PDF


@cache
def _font() -> str:
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    return FONT


def pdf(document: Document) -> bytes:
    """The report on A4, across; every table with its heads on each page."""
    kept = io.BytesIO()
    font = _font()
    words = ParagraphStyle("words", fontName=font, fontSize=9, leading=13, wordWrap="CJK")
    title = ParagraphStyle("title", parent=words, fontSize=18, leading=24)
    head = ParagraphStyle("head", parent=words, fontSize=12, leading=18, spaceBefore=8)
    paper = SimpleDocTemplate(
        kept,
        pagesize=landscape(A4),
        title=document.title,
        leftMargin=14 * mm,
        rightMargin=14 * mm,
        topMargin=14 * mm,
        bottomMargin=14 * mm,
        invariant=True,
    )
    story: list[Any] = [Paragraph(escape(document.title), title)]
    story += [Paragraph(escape(f"{name}: {said}"), words) for name, said in document.facts]
    for section in document.sections:
        story += [Spacer(1, 4 * mm), Paragraph(escape(section.title), head)]
        if section.note:
            story.append(Paragraph(escape(section.note), words))
        story.append(_paper_table(section, paper.width, words))
    story.append(Spacer(1, 6 * mm))
    story += [
        Paragraph(escape(f"{term}: {meaning}"), words) for term, meaning in document.definitions
    ]
    paper.build(story)
    return kept.getvalue()


def _paper_table(section: Section, width: float, words: ParagraphStyle) -> Any:
    table = section.table
    if not table.rows:
        return Paragraph(escape(table.empty), words)
    many = len(table.heads)
    small = ParagraphStyle("small", parent=words, fontSize=7 if many > 8 else 8, leading=10)
    right = ParagraphStyle("right", parent=small, alignment=2)
    first = max(width / many, 32 * mm if many < 12 else 18 * mm)
    rest = (width - first) / max(many - 1, 1)
    cells = [
        [Paragraph(escape(said), small if place == 0 else right) for place, said in enumerate(line)]
        for line in [table.heads, *([one.text for one in row] for row in table.rows)]
    ]
    made = Table(cells, colWidths=[first, *[rest] * (many - 1)], repeatRows=1)
    made.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
                ("LINEBELOW", (0, 1), (-1, -1), 0.25, colors.grey),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 2),
                ("TOPPADDING", (0, 0), (-1, -1), 1),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return made
