import hashlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from cashback.lib.crypto.digests import UnusableKeyFile
from cashback.lib.crypto.signatures import (
    SigningKey,
    decode_base64url,
    encode_base64url,
    erasure_lines,
    printed_at,
    receipt_lines,
    verify_lines,
)

# RFC 8032, section 7.1, test 1.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


@pytest.fixture
def key() -> SigningKey:
    return SigningKey(Ed25519PrivateKey.from_private_bytes(SEED))


def test_the_key_is_named_by_the_hash_of_its_public_half(key: SigningKey) -> None:
    assert key.public_key == PUBLIC
    assert key.key_id == hashlib.sha256(PUBLIC).hexdigest()[:16]


def test_a_signature_covers_each_line_with_its_line_feed(key: SigningKey) -> None:
    signature = key.sign_lines(["one", "张三"])
    assert "=" not in signature
    message = "one\n张三\n".encode()
    Ed25519PrivateKey.from_private_bytes(SEED).public_key().verify(decode_base64url(signature), message)
    assert verify_lines(PUBLIC, ["one", "张三"], signature)


@pytest.mark.parametrize("lines", [["one"], ["one", "two", ""], ["two", "one"], ["onetwo"], []])
def test_other_lines_do_not_verify(key: SigningKey, lines: list[str]) -> None:
    signature = key.sign_lines(["one", "two"])
    assert verify_lines(PUBLIC, ["one", "two"], signature)
    assert not verify_lines(PUBLIC, lines, signature)


def test_a_line_that_would_read_as_two_is_refused(key: SigningKey) -> None:
    with pytest.raises(AssertionError, match="line feed"):
        key.sign_lines(["one\ntwo"])


@pytest.mark.parametrize("signature", ["", "?", "AAAA", "=" * 8, "é", "A" * 86, "A" * 87 + "="])
def test_what_is_no_signature_does_not_verify(signature: str) -> None:
    assert not verify_lines(PUBLIC, ["one"], signature)
    assert not verify_lines(b"short", ["one"], signature)


@given(st.binary(max_size=80))
def test_base64url_leads_back(data: bytes) -> None:
    assert decode_base64url(encode_base64url(data)) == data


@given(st.text(max_size=40))
def test_base64url_has_one_spelling(text: str) -> None:
    try:
        data = decode_base64url(text)
    except ValueError:
        return
    assert encode_base64url(data) == text


def test_a_key_file_leads_back_to_the_key(key: SigningKey, tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    path.write_bytes(key.to_pem())
    assert SigningKey.load(path).public_key == PUBLIC
    assert SigningKey.generate().key_id != key.key_id
    assert repr(key) == f"<SigningKey {key.key_id}>"


def test_an_unusable_key_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    with pytest.raises(UnusableKeyFile, match=r"signing\.key"):
        SigningKey.load(path)
    path.write_bytes(b"nothing")
    with pytest.raises(UnusableKeyFile, match="PEM"):
        SigningKey.load(path)
    other = generate_private_key(SECP256R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(UnusableKeyFile, match="Ed25519"):
        SigningKey.load(path)


def test_moments_are_printed_in_one_way() -> None:
    shanghai = timezone(timedelta(hours=8))
    assert printed_at(datetime(2026, 11, 22, 8, 0, 0, 5, tzinfo=shanghai)) == "2026-11-22T00:00:00.000005Z"
    assert printed_at(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00.000000Z"
    with pytest.raises(AssertionError):
        printed_at(datetime(2026, 1, 2))  # noqa: DTZ001


def test_the_lines_of_a_receipt_and_of_an_erasure() -> None:
    at = datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert receipt_lines(key_id="k", serial="00000000000195", nonce=bytes(32), leaf="ab" * 32, registered_at=at) == [
        "cashback-receipt-v1",
        "k",
        "00000000000195",
        "00" * 32,
        "ab" * 32,
        "2026-11-22T08:00:00.000000Z",
    ]
    assert erasure_lines(
        key_id="k", erasure_id="9", at=at, what="payee", why="paid", backups_until=at + timedelta(days=30)
    ) == [
        "cashback-erasure-v1",
        "k",
        "9",
        "2026-11-22T08:00:00.000000Z",
        "payee",
        "paid",
        "2026-12-22T08:00:00.000000Z",
    ]
