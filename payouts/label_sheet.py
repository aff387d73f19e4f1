"""Labels of parcels as a PDF: drawn in memory, in a font that has Chinese; nothing is written anywhere."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FONT, FONT_FILE = "NotoSansSC", Path(__file__).parent / "fonts" / "NotoSansSC-subset.ttf"
# Eight labels of 99.1 by 67.7 mm on A4, as they are sold for parcels.
COLUMNS, ROWS = 2, 4
WIDTH, HEIGHT = 99.1 * mm, 67.7 * mm
LEFT, TOP, GAP = 4.65 * mm, 13.1 * mm, 2.5 * mm
PADDING = 7 * mm
NAME_SIZE, TEXT_SIZE, NOTE_SIZE = 15, 12, 8
LINE = 1.35
SHRUNK = (1, 0.88, 0.76, 0.64)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Parcel:
    """What stands on one label. Personal data: never log it. `note` is for the packer: award and gift."""

    award_id: int
    name: str
    lines: Sequence[str]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Sheet:
    """The PDF, the awards that have a label in it, and those on whose labels something does not fit or has no glyph."""

    pdf: bytes
    printed: tuple[int, ...]
    unreadable: tuple[int, ...]
    too_long: tuple[int, ...]


def draw(parcels: Iterable[Parcel]) -> Sheet:
    """One label a parcel, eight to the page, in the order given."""
    glyphs = _glyphs()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, pageCompression=1)
    canvas.setTitle("Labels")
    printed: list[int] = []
    unreadable: list[int] = []
    too_long: list[int] = []
    for number, parcel in enumerate(parcels):
        at = number % (COLUMNS * ROWS)
        if number and at == 0:
            canvas.showPage()
        printed.append(parcel.award_id)
        if not glyphs.issuperset(map(ord, "".join((parcel.name, *parcel.lines)))):
            unreadable.append(parcel.award_id)
        if not _label(canvas, parcel, *_corner(at)):
            too_long.append(parcel.award_id)
    canvas.save()
    return Sheet(pdf=out.getvalue(), printed=tuple(printed), unreadable=tuple(unreadable), too_long=tuple(too_long))


def wrap(text: str, size: float, width: float) -> list[str]:
    """Lines no wider than `width`: broken at spaces where there are some, else between characters, as Chinese is."""
    _glyphs()
    lines: list[str] = []
    line = ""
    for character in text:
        if pdfmetrics.stringWidth(line + character, FONT, size) <= width:
            line += character
            continue
        kept, space, rest = line.rpartition(" ")
        if character == " " or not space or not rest.isascii():
            kept, rest = line, ""
        lines.append(kept.rstrip())
        line = (rest + character).lstrip()
    return [*lines, line] if line else lines


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    """The characters that the font has; registers it once in a process."""
    font = TTFont(FONT, str(FONT_FILE))
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)


def _corner(at: int) -> tuple[float, float]:
    """Left and top of the label."""
    column, row = at % COLUMNS, at // COLUMNS
    return LEFT + column * (WIDTH + GAP), A4[1] - TOP - row * HEIGHT


def _label(canvas: Canvas, parcel: Parcel, left: float, top: float) -> bool:
    """Draw one label, smaller where it needs more room; whether all of it fitted."""
    rows, fits = _rows(parcel)
    y = top - PADDING
    for text, size in rows:
        y -= size * LINE
        canvas.setFont(FONT, size)
        canvas.drawString(left + PADDING, y, text)
    canvas.setFont(FONT, NOTE_SIZE)
    note = wrap(parcel.note, NOTE_SIZE, WIDTH - 2 * PADDING)
    canvas.drawString(left + PADDING, top - HEIGHT + PADDING, note[0] if note else "")
    return fits


def _rows(parcel: Parcel) -> tuple[list[tuple[str, float]], bool]:
    """Lines and their sizes in the largest print that fits; the smallest, cut off, if none does."""
    width, height = WIDTH - 2 * PADDING, HEIGHT - 2 * PADDING - NOTE_SIZE * LINE
    for shrunk in SHRUNK:
        name_size, text_size = NAME_SIZE * shrunk, TEXT_SIZE * shrunk
        rows = [(line, name_size) for line in wrap(parcel.name, name_size, width)]
        rows += [(line, text_size) for text in parcel.lines for line in wrap(text, text_size, width)]
        if sum(size for _text, size in rows) * LINE <= height:
            return rows, True
    return rows[: int(height / (rows[-1][1] * LINE))], False
