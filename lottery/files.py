"""The published files of a draw, piece by piece: the pool from the freeze on, the bundle once it is verified."""

from collections.abc import Iterator

from django.db.models import Func, IntegerField, Sum

from lottery.models import Draw, DrawState, Piece

PIECE_BYTES = 2**20
_PUBLISHED: dict[str, tuple[DrawState, ...]] = {
    Piece.File.POOL: (DrawState.FROZEN, DrawState.REVEALED, DrawState.DRAWN, DrawState.VERIFIED, DrawState.CERTIFIED),
    Piece.File.BUNDLE: (DrawState.VERIFIED, DrawState.CERTIFIED),
}


def is_published(draw: Draw, file: Piece.File) -> bool:
    """Whether the file is there for everybody. What was published of a draw that was not completed stays."""
    return draw.state in _PUBLISHED[file] or (draw.state == DrawState.NOT_COMPLETED and _stored(draw.pk, file).exists())


def size(draw_id: int, file: Piece.File) -> int:
    """How many bytes the file has; 0 where it is not there."""
    length = Func("content", function="octet_length", output_field=IntegerField())
    return int(_stored(draw_id, file).aggregate(size=Sum(length))["size"] or 0)


def stored(draw_id: int, file: Piece.File) -> Iterator[bytes]:
    """The file's pieces in order, each read by itself: memory for one, and no cursor held while somebody downloads."""
    number = 0
    while True:
        content = _stored(draw_id, file).filter(number=number).values_list("content", flat=True).first()
        if content is None:
            return
        yield bytes(content)
        number += 1


def _stored(draw_id: int, file: Piece.File):  # type: ignore[no-untyped-def]
    return Piece.objects.filter(draw=draw_id, file=file)
