"""The folders shared with a bank."""

import os
from pathlib import Path

import pyrage
import pytest

from payouts.rails.files import (
    FILE_BYTES_MAX,
    decrypt_incoming,
    destroy_incoming,
    destroy_outgoing,
    read_incoming,
    write_outgoing,
)
from payouts.rails.messages import UnreadableAnswer


@pytest.fixture
def identity() -> pyrage.x25519.Identity:
    return pyrage.x25519.Identity.generate()


@pytest.fixture
def recipient_file(tmp_path: Path, identity: pyrage.x25519.Identity) -> Path:
    path = tmp_path / "recipient.txt"
    path.write_text(f"# the bank's key\n{identity.to_public()}\n")
    return path


@pytest.fixture
def identity_file(tmp_path: Path, identity: pyrage.x25519.Identity) -> Path:
    path = tmp_path / "identity.txt"
    path.write_text(f"{identity}\n")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


def test_an_outgoing_file_opens_with_the_banks_key_only(
    folder: Path, recipient_file: Path, identity: pyrage.x25519.Identity
) -> None:
    path = write_outgoing(folder, "REL-7.xml", "张三".encode(), recipient_file)
    assert [entry.name for entry in folder.iterdir()] == ["REL-7.xml.age"]
    assert "张三".encode() not in path.read_bytes()
    assert pyrage.decrypt(path.read_bytes(), [identity]) == "张三".encode()
    assert path.stat().st_mode & 0o777 == 0o600


def test_writing_again_leaves_the_first_file(folder: Path, recipient_file: Path) -> None:
    path = write_outgoing(folder, "REL-7.xml", b"one", recipient_file)
    before = path.read_bytes()
    assert write_outgoing(folder, "REL-7.xml", b"one", recipient_file).read_bytes() == before


def test_without_a_recipient_the_file_is_plain(folder: Path) -> None:
    assert write_outgoing(folder, "REL-7.xml", b"one", None).read_bytes() == b"one"


def test_a_write_that_fails_leaves_nothing(folder: Path, recipient_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        write_outgoing(folder, "REL-7.xml", b"one", recipient_file)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["../x", ".hidden", "a/b", "", "名"])
def test_a_name_cannot_leave_the_folder(folder: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        write_outgoing(folder, name, b"", None)


def test_destroying_takes_the_leftovers_of_a_killed_write_too(folder: Path, recipient_file: Path) -> None:
    write_outgoing(folder, "REL-7.xml", b"one", recipient_file)
    (folder / ".REL-7.xml.age.0011aabb.partial").write_bytes(b"half")
    (folder / ".REL-77.xml.age.0011aabb.partial").write_bytes(b"another release's")
    assert destroy_outgoing(folder, "REL-7.xml")
    assert [entry.name for entry in folder.iterdir()] == [".REL-77.xml.age.0011aabb.partial"]
    assert not destroy_outgoing(folder, "REL-7.xml")


def test_incoming_files_come_in_order_without_unfinished_ones(folder: Path, tmp_path: Path) -> None:
    for name in ("b.xml.age", "a.xml.age", ".c.xml.age.partial", "d.tmp", "e.partial"):
        (folder / name).write_bytes(name.encode())
    (folder / "folder").mkdir()
    (folder / "link").symlink_to(tmp_path)
    (folder / "file-link").symlink_to(folder / "b.xml.age")
    assert read_incoming(folder) == [("a.xml.age", b"a.xml.age"), ("b.xml.age", b"b.xml.age")]
    assert destroy_incoming(folder, "a.xml.age")
    assert [name for name, _ in read_incoming(folder)] == ["b.xml.age"]


def test_an_incoming_file_over_the_limit_is_not_read_whole(folder: Path) -> None:
    with open(folder / "big", "wb") as file:
        file.truncate(FILE_BYTES_MAX * 4)
    ((_, data),) = read_incoming(folder)
    with pytest.raises(UnreadableAnswer) as refused:
        decrypt_incoming(data, None)
    assert refused.value.reason == "too_large"


def test_an_answer_to_our_key_opens(identity: pyrage.x25519.Identity, identity_file: Path) -> None:
    data = pyrage.encrypt(b"answer", [identity.to_public()])
    assert decrypt_incoming(data, identity_file) == b"answer"
    assert decrypt_incoming(b"plain", None) == b"plain"


def test_after_a_change_of_keys_answers_to_the_old_one_still_open(
    identity: pyrage.x25519.Identity, identity_file: Path
) -> None:
    identity_file.write_text(f"# new\n{pyrage.x25519.Identity.generate()}\n# old\n{identity}\n")
    assert decrypt_incoming(pyrage.encrypt(b"answer", [identity.to_public()]), identity_file) == b"answer"


def test_foreign_damaged_and_plain_files_do_not_open(identity: pyrage.x25519.Identity, identity_file: Path) -> None:
    whole = pyrage.encrypt(b"answer" * 100, [identity.to_public()])
    other = pyrage.encrypt(b"answer", [pyrage.x25519.Identity.generate().to_public()])
    for data in (b"", b"<Document/>", whole[:-1], whole[:50], whole[:-40] + bytes(40), other):
        with pytest.raises(UnreadableAnswer) as refused:
            decrypt_incoming(data, identity_file)
        assert refused.value.reason == "not_decryptable"
