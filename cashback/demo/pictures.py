"""The pictures of the demo's gifts, drawn here so that they belong to nobody else."""

import io
from collections.abc import Callable, Mapping
from types import MappingProxyType

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 800, 600
_SCALE = 2  # drawn larger and reduced, so that edges are smooth
_Pen = ImageDraw.ImageDraw

PAPER, INK, LEAF, TEA, RED, GOLD, CLAY = (
    "#f4efe6",
    "#2b2a28",
    "#4f7a4a",
    "#b3672b",
    "#b3322b",
    "#d9a441",
    "#c9855a",
)


def picture(name: str) -> bytes:
    """One of `PICTURES` as PNG, 800 by 600."""
    image = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE), PAPER)
    pen = ImageDraw.Draw(image)
    _ellipse(pen, (160, 470, 640, 540), "#e3dac9")
    PICTURES[name](pen)
    out = io.BytesIO()
    image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def _tin(pen: _Pen) -> None:
    """A tea tin with a leaf on its label."""
    _box(pen, (270, 170, 530, 510), LEAF, radius=18)
    _box(pen, (258, 130, 542, 190), "#3d6139", radius=14)
    _box(pen, (300, 260, 500, 440), PAPER, radius=8)
    _leaf(pen, 400, 350, 60, LEAF)


def _cup(pen: _Pen) -> None:
    """A cup with a handle, tea in it and steam over it."""
    pen.arc(_to((500, 270, 640, 410)), 0, 360, fill=CLAY, width=26 * _SCALE)
    _box(pen, (230, 240, 540, 500), CLAY, radius=70)
    pen.rectangle(_to((230, 240, 540, 320)), fill=CLAY)
    _ellipse(pen, (230, 212, 540, 272), "#a86c45")
    _ellipse(pen, (248, 222, 522, 264), TEA)
    for left in (310, 380, 450):
        pen.arc(_to((left - 22, 90, left + 22, 140)), 90, 270, fill="#cfc6b6", width=9 * _SCALE)
        pen.arc(_to((left - 22, 138, left + 22, 188)), 270, 90, fill="#cfc6b6", width=9 * _SCALE)


def _bag(pen: _Pen) -> None:
    """A cloth bag with a leaf on it."""
    pen.arc(_to((320, 90, 480, 330)), 180, 360, fill=INK, width=18 * _SCALE)
    pen.polygon([(x * _SCALE, y * _SCALE) for x, y in ((250, 200), (550, 200), (580, 510), (220, 510))], fill=GOLD)
    _leaf(pen, 400, 360, 85, "#8a6420")


def _voucher(pen: _Pen) -> None:
    """A voucher with a torn edge between its two parts."""
    _box(pen, (180, 220, 620, 440), RED, radius=22)
    for top in range(228, 440, 22):
        _ellipse(pen, (474, top, 484, top + 10), PAPER)
    _ellipse(pen, (460, 200, 500, 240), PAPER)
    _ellipse(pen, (460, 420, 500, 460), PAPER)
    for top, right in ((280, 420), (320, 380), (360, 400)):
        _box(pen, (220, top, right, top + 14), "#e8b9b0", radius=7)
    _leaf(pen, 550, 330, 42, GOLD)


PICTURES: Mapping[str, Callable[[_Pen], None]] = MappingProxyType(
    {"tin": _tin, "cup": _cup, "bag": _bag, "voucher": _voucher}
)


def _leaf(pen: _Pen, x: int, y: int, size: int, colour: str) -> None:
    """Two leaves and a bud."""
    for tilt in (-1, 1):
        points = [(x, y + size), (x + tilt * size, y + size // 4), (x + tilt * size * 9 // 10, y - size // 2), (x, y)]
        pen.polygon([(a * _SCALE, b * _SCALE) for a, b in points], fill=colour)
    _ellipse(pen, (x - size // 5, y - size, x + size // 5, y + size // 8), colour)


def _box(pen: _Pen, box: tuple[int, int, int, int], colour: str, *, radius: int) -> None:
    pen.rounded_rectangle(_to(box), radius * _SCALE, fill=colour)


def _ellipse(pen: _Pen, box: tuple[int, int, int, int], colour: str) -> None:
    pen.ellipse(_to(box), fill=colour)


def _to(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return left * _SCALE, top * _SCALE, right * _SCALE, bottom * _SCALE
