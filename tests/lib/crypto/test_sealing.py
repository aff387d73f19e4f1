import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashback.lib.crypto.keyring import BrokenSeal, EpochExists, KeyRing, UnknownEpoch
from cashback.lib.crypto.sealing import rewrap, seal, unseal

CONTEXT = b"registration:17:payee"
SECRET = "张三 6222".encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ring"


@pytest.fixture
def ring(folder: Path) -> KeyRing:
    ring = KeyRing(folder)
    ring.create(1)
    ring.create(2)
    return ring


def test_what_is_sealed_is_read_under_its_epoch_and_context_only(ring: KeyRing) -> None:
    sealed = seal(ring, 1, SECRET, CONTEXT)
    assert unseal(ring, 1, sealed, CONTEXT) == SECRET
    with pytest.raises(BrokenSeal):
        unseal(ring, 2, sealed, CONTEXT)
    with pytest.raises(BrokenSeal):
        unseal(ring, 1, sealed, b"registration:18:payee")


def test_the_same_value_is_sealed_differently_each_time(ring: KeyRing) -> None:
    one, other = seal(ring, 1, SECRET, CONTEXT), seal(ring, 1, SECRET, CONTEXT)
    assert one.ciphertext != other.ciphertext
    assert one.wrapped_key != other.wrapped_key
    assert SECRET not in one.ciphertext
    with pytest.raises(BrokenSeal):
        unseal(ring, 1, replace(one, wrapped_key=other.wrapped_key), CONTEXT)


@given(st.data())
def test_no_altered_byte_is_accepted(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    ring = KeyRing(tmp_path_factory.getbasetemp() / "altered")
    if not ring.epochs():
        ring.create(1)
    sealed = seal(ring, 1, SECRET, CONTEXT)
    part = data.draw(st.sampled_from(["ciphertext", "wrapped_key"]))
    value = bytearray(getattr(sealed, part))
    value[data.draw(st.integers(0, len(value) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BrokenSeal):
        unseal(ring, 1, replace(sealed, **{part: bytes(value)}), CONTEXT)


@pytest.mark.parametrize("wrapped_key", [b"", b"short", bytes(41)])
def test_a_truncated_value_is_a_broken_seal(ring: KeyRing, wrapped_key: bytes) -> None:
    sealed = seal(ring, 1, SECRET, CONTEXT)
    with pytest.raises(BrokenSeal):
        unseal(ring, 1, replace(sealed, wrapped_key=wrapped_key), CONTEXT)
    with pytest.raises(BrokenSeal):
        unseal(ring, 1, replace(sealed, ciphertext=sealed.ciphertext[:20]), CONTEXT)


def test_rewrapping_outlives_the_old_epoch(ring: KeyRing) -> None:
    sealed = seal(ring, 1, SECRET, CONTEXT)
    moved = replace(sealed, wrapped_key=rewrap(ring, sealed.wrapped_key, from_epoch=1, to_epoch=2))
    assert ring.destroy(1)
    assert unseal(ring, 2, moved, CONTEXT) == SECRET
    with pytest.raises(UnknownEpoch):
        unseal(ring, 1, sealed, CONTEXT)


def test_values_read_from_the_database_are_memoryviews(ring: KeyRing) -> None:
    sealed = seal(ring, 1, SECRET, CONTEXT)
    stored = replace(sealed, ciphertext=memoryview(sealed.ciphertext), wrapped_key=memoryview(sealed.wrapped_key))
    assert unseal(ring, 1, stored, CONTEXT) == SECRET


def test_key_files_are_private_and_hold_32_bytes(ring: KeyRing, folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in folder.iterdir()) == ["epoch-1.key", "epoch-2.key"]
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        assert len(path.read_bytes()) == 32


def test_an_existing_epoch_is_never_replaced(ring: KeyRing, folder: Path) -> None:
    before = (folder / "epoch-1.key").read_bytes()
    with pytest.raises(EpochExists):
        ring.create(1)
    assert (folder / "epoch-1.key").read_bytes() == before
    assert len(list(folder.iterdir())) == 2


def test_of_many_that_create_an_epoch_at_once_one_wins(folder: Path) -> None:
    ring, outcomes, barrier = KeyRing(folder), [], threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        try:
            ring.create(7)
        except EpochExists:
            outcomes.append("exists")
        else:
            outcomes.append("made")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["exists"] * 7 + ["made"]
    assert ring.epochs() == [7]


def test_keys_made_and_destroyed_elsewhere_count_at_once(ring: KeyRing, folder: Path) -> None:
    elsewhere = KeyRing(folder)
    with pytest.raises(UnknownEpoch):
        ring.wrap(3, bytes(32))
    elsewhere.create(3)
    wrapped = ring.wrap(3, bytes(32))
    elsewhere.destroy(3)
    with pytest.raises(UnknownEpoch):
        ring.unwrap(3, wrapped)
    elsewhere.create(3)
    with pytest.raises(BrokenSeal):
        ring.unwrap(3, wrapped)


def test_a_destroyed_key_was_overwritten_before_it_was_removed(ring: KeyRing, folder: Path) -> None:
    ring.wrap(1, bytes(32))
    second_name = folder / "kept"
    second_name.hardlink_to(folder / "epoch-1.key")
    assert ring.destroy(1)
    assert second_name.read_bytes() == bytes(32)
    assert not ring.destroy(1)
    assert ring.epochs() == [2]


def test_a_crash_between_overwriting_and_removing_leaves_no_usable_key(ring: KeyRing, folder: Path) -> None:
    (folder / "epoch-1.key").write_bytes(bytes(32))
    with pytest.raises(UnknownEpoch):
        ring.wrap(1, bytes(32))
    assert ring.epochs() == [2]
    assert ring.destroy(1)


def test_a_key_file_that_others_may_read_is_refused(ring: KeyRing, folder: Path) -> None:
    (folder / "epoch-1.key").chmod(0o644)
    with pytest.raises(ValueError, match="owner only"):
        ring.wrap(1, bytes(32))


def test_an_empty_ring_has_no_epochs(folder: Path) -> None:
    assert KeyRing(folder).epochs() == []
    with pytest.raises(UnknownEpoch):
        KeyRing(folder).wrap(1, bytes(32))
