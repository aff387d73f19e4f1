import io
import os
from pathlib import Path
from typing import Any

import pytest

from cashback.lib.crypto.age import (
    AgeWriter,
    Identity,
    NotDecrypted,
    Recipient,
    decrypt_bytes,
    encrypt_bytes,
    read_identities,
    read_recipients,
)
from cashback.lib.crypto.digests import UnusableKeyFile


@pytest.fixture
def identity() -> Identity:
    return Identity.generate()


class Gauge(io.BytesIO):
    """Remembers how much had arrived when it was asked."""

    def arrived(self) -> int:
        return len(self.getvalue())


@pytest.mark.parametrize("size", [0, 1, 65_536, 1_000_003])
def test_what_is_written_is_decrypted_to_the_same(identity: Identity, size: int) -> None:
    data, target = os.urandom(size), io.BytesIO()
    with AgeWriter(target, [identity.recipient]) as writer:
        for start in range(0, size, 1_000):
            assert writer.write(data[start : start + 1_000]) == len(data[start : start + 1_000])
    assert decrypt_bytes(target.getvalue(), [identity]) == data
    assert not target.closed


def test_it_is_encrypted_while_it_is_written(identity: Identity) -> None:
    target = Gauge()
    with AgeWriter(target, [identity.recipient]) as writer:
        for _ in range(100):
            writer.write(b"PIN 0123456789ABCDEZ" * 1_000)
        assert target.arrived() > 1_500_000
    assert b"PIN 0123456789" not in target.getvalue()


def test_what_was_abandoned_does_not_pass_for_complete(identity: Identity) -> None:
    target = io.BytesIO()

    def give_up() -> None:
        with AgeWriter(target, [identity.recipient]) as writer:
            writer.write(b"half a manifest" * 20_000)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        give_up()
    with pytest.raises(NotDecrypted):
        decrypt_bytes(target.getvalue(), [identity])


class Full(io.BytesIO):
    def write(self, data: Any) -> int:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("size", [1, 10_000_000])
def test_a_full_disk_reaches_the_writer(identity: Identity, size: int) -> None:
    def fill() -> None:
        with AgeWriter(Full(), [identity.recipient]) as writer:
            for _ in range(10):
                writer.write(bytes(size))

    with pytest.raises(Exception, match="No space left"):
        fill()


def test_only_the_recipient_reads_and_only_the_whole(identity: Identity) -> None:
    data = encrypt_bytes(b"payments", [identity.recipient])
    assert decrypt_bytes(data, [identity]) == b"payments"
    for broken in (data[:-1], data[:-1] + bytes([data[-1] ^ 1]), b"", b"payments"):
        with pytest.raises(NotDecrypted):
            decrypt_bytes(broken, [identity])
    with pytest.raises(NotDecrypted):
        decrypt_bytes(data, [Identity.generate()])


def test_key_files_are_those_of_age(identity: Identity, tmp_path: Path) -> None:
    secret, public = tmp_path / "identity.txt", tmp_path / "recipients.txt"
    secret.write_text(f"# made for a test\n{identity.secret()}\n")
    public.write_text(f"\n# the printer\n{identity.recipient}\n{Identity.generate().recipient}\n")
    recipients = read_recipients(public)
    assert len(recipients) == 2
    assert decrypt_bytes(encrypt_bytes(b"x", recipients), read_identities(secret)) == b"x"


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"age1short\n", b"\xff\xfe"])
def test_an_unusable_key_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bank.txt"
    path.write_bytes(content)
    with pytest.raises(UnusableKeyFile, match=r"bank\.txt"):
        read_recipients(path)
    with pytest.raises(UnusableKeyFile, match=r"bank\.txt"):
        read_identities(path)


def test_a_missing_key_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnusableKeyFile, match=r"bank\.txt"):
        read_recipients(tmp_path / "bank.txt")


def test_a_refused_identity_is_not_shown(identity: Identity, tmp_path: Path) -> None:
    path = tmp_path / "identity.txt"
    path.write_text(identity.secret()[:-1] + "?")
    with pytest.raises(UnusableKeyFile) as caught:
        read_identities(path)
    assert "AGE-SECRET-KEY-1..." in str(caught.value)
    assert identity.secret()[16:40] not in repr(caught.getrepr(style="long"))


def test_a_printed_identity_shows_no_secret(identity: Identity) -> None:
    assert identity.secret().startswith("AGE-SECRET-KEY-1")
    assert "AGE-SECRET" not in f"{identity} {identity!r}"
    assert str(Recipient(str(identity.recipient))) == str(identity.recipient)
