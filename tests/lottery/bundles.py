"""Bundles for the tests of the verifiers: drawn by the site's own code, then spoiled where a test wants it."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from cashback.lib import drawing

SECRET = bytes(range(32))
FIGURES = (("index", "3000.12"), ("lotto", "7 9 13"))
POOL_HASH = "0c20f240bfbf271f101076f74f446d4b54a3dde003a1c16603732e5166811c59"
SEED = "6fa4b29ad5cf1ca2c263ac74814f58434b1bb0df20fa673074e3a1784306dad1"
RESULTS = (7, 2, 8, 6, 3, 0, 4, 9, 5, 1)


def pool_of(size: int) -> bytes:
    """A pool; of ten entries it is the published vector's."""
    leaves = (hashlib.sha256(str(index).encode()).hexdigest() for index in range(size))
    return "".join(f"{index}\t{leaf}\n" for index, leaf in enumerate(leaves)).encode()


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A draw that went right; `bundle()` publishes it."""

    pool: bytes = pool_of(10)
    entries: int = 10
    draw_id: str = "DEMO-1"
    secret: bytes = SECRET
    figures: Sequence[tuple[str, str]] = FIGURES
    prizes: int = 3
    reserves: int = 2
    frozen_at: datetime = datetime(2026, 5, 6, 12, tzinfo=UTC)
    extra: Mapping[str, Any] | None = None

    @property
    def results(self) -> list[int]:
        """Winners and reserves, in order."""
        seed = drawing.seed(
            draw_id=self.draw_id, pool_hash=drawing.pool_hash([self.pool]), secret=self.secret, figures=self.figures
        )
        return drawing.draw(seed=seed, entries=self.entries, results=self.prizes + self.reserves)

    def account(self) -> bytes:
        """draw.json."""
        results = self.results
        return drawing.draw_json(
            draw_id=self.draw_id,
            program="DEMO",
            announced_at=datetime(2026, 5, 4, 12, tzinfo=UTC),
            frozen_at=self.frozen_at,
            secret=self.secret,
            figures=self.figures,
            pool_hash=drawing.pool_hash([self.pool]),
            winners=results[: self.prizes],
            reserves=results[self.prizes :],
            reserves_announced=self.reserves,
            prizes=[{"name": "红包", "amount_minor": 8_800}] * self.prizes,
            extra=self.extra,
        )

    def bundle(self, **changes: Any) -> bytes:
        """The bundle as published, with fields of draw.json changed (or left out: None) afterwards."""
        return sealed(self.pool, changed(self.account(), **changes))

    def with_pool(self, pool: bytes) -> bytes:
        """This draw's account around another pool."""
        return sealed(pool, self.account())


def of_size(size: int, **changes: Any) -> Drawn:
    """A draw from a pool of so many entries."""
    return replace(Drawn(pool=pool_of(size), entries=size), **changes)


def sealed(pool: bytes, account: bytes) -> bytes:
    """Any two files in the published form."""
    out = io.BytesIO()
    drawing.write_bundle(out, [pool], account)
    return out.getvalue()


def changed(account: bytes, **changes: Any) -> bytes:
    """draw.json with fields changed; None leaves one out."""
    if not changes:
        return account
    fields = json.loads(account) | changes
    return drawing.canonical({name: value for name, value in fields.items() if value is not None})


def packed_again(
    bundle: bytes, *, compression: int = zipfile.ZIP_DEFLATED, more: Mapping[str, bytes] | None = None
) -> bytes:
    """The files of a bundle in an archive that somebody else's tool made."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle)) as old, zipfile.ZipFile(out, "w", compression) as new:
        for name in reversed(old.namelist()):
            new.writestr(name, old.read(name))
        for name, content in (more or {}).items():
            new.writestr(name, content)
    return out.getvalue()
