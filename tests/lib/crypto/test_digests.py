import contextlib
import hashlib
import hmac
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashback.lib.crypto.digests import (
    PinKey,
    UnreadableReceipt,
    UnusableKeyFile,
    body_digest,
    create_key_file,
    fingerprint,
    leaf,
    parse_receipt,
    read_key_file,
    receipt_code,
    receipt_digest,
    subkey,
)

KEY = bytes(range(32))
SERIAL = "00000000000195"
PIN = "0123456789ABCDEJ"


def test_a_pins_digest_is_an_hmac_of_serial_and_pin() -> None:
    expected = hmac.new(KEY, b"00000000000195\n0123456789ABCDEJ", "sha256").digest()
    assert PinKey(KEY).digest(SERIAL, PIN) == expected
    assert PinKey(KEY).matches(memoryview(expected), SERIAL, PIN)
    assert not PinKey(KEY).matches(expected, SERIAL, PIN[::-1])


def test_digests_in_bulk_are_the_same_digests() -> None:
    key = PinKey(KEY)
    cards = [(f"{number:014d}", f"{number:016d}") for number in range(500)]
    assert list(key.digests(cards)) == [key.digest(serial, pin) for serial, pin in cards]


def test_a_keys_name_says_nothing_of_the_key() -> None:
    assert len(PinKey(KEY).id) == 16
    assert PinKey(KEY).id != PinKey(KEY[::-1]).id
    assert KEY.hex() not in repr(PinKey(KEY))


def test_a_key_file_is_private_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "pin.key"
    create_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(read_key_file(path)) == 32
    assert PinKey.load(path).id == PinKey(bytes.fromhex(path.read_text())).id
    with pytest.raises(FileExistsError):
        create_key_file(path)


def test_an_unusable_key_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "pin.key"
    with pytest.raises(UnusableKeyFile, match=r"pin\.key"):
        PinKey.load(path)
    path.write_bytes(b"\xff" * 32)
    with pytest.raises(UnusableKeyFile, match="in hex"):
        PinKey.load(path)
    path.write_text("abcd\n")
    path.chmod(0o600)
    with pytest.raises(UnusableKeyFile, match="32 bytes"):
        PinKey.load(path)
    path.write_text(KEY.hex() + "\n")
    path.chmod(0o640)
    with pytest.raises(UnusableKeyFile, match="chmod 600"):
        PinKey.load(path)


def test_a_leaf_is_the_hash_of_three_lines_each_ended_by_a_line_feed() -> None:
    nonce = bytes(32)
    text = "cashback-leaf-v1\n" + SERIAL + "\n" + "00" * 32 + "\n"
    assert leaf(SERIAL, nonce) == hashlib.sha256(text.encode()).hexdigest()
    assert leaf(SERIAL, nonce) == "8728d3b8ab5baedf2b1fbe69a2582791f4b7ca77d37a05eee64994fb39db5f7f"


@given(st.binary(min_size=32, max_size=32), st.integers(0, 5))
def test_a_receipt_is_128_bits_derived_from_card_nonce_and_generation(nonce: bytes, generation: int) -> None:
    code = receipt_code(KEY, SERIAL, nonce, generation)
    assert code == receipt_code(KEY, SERIAL, nonce, generation)
    assert code != receipt_code(KEY, SERIAL, nonce, generation + 1)
    assert parse_receipt(code) == code
    assert len(receipt_digest(code)) == 32


def test_a_worked_receipt() -> None:
    mac = hmac.digest(KEY, b"00000000000195|" + b"00" * 32 + b"|0", "sha256")[:16]
    value = 0
    for character in receipt_code(KEY, SERIAL, bytes(32), 0):
        value = value * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(character)
    assert value.to_bytes(16, "big") == mac


def test_a_typed_receipt_is_corrected() -> None:
    code = "01ABCDEFGH23456789JKMNPQRS"
    assert parse_receipt("Oi-abcd-efgh 2345 6789\N{EN DASH}jkmnＰqrs") == code


@pytest.mark.parametrize("text", ["", "0", "0" * 25, "0" * 27, "8" + "0" * 25, "U" + "0" * 25, "卡" * 26, "0" * 10**6])
def test_what_is_no_receipt_is_refused(text: str) -> None:
    with pytest.raises(UnreadableReceipt):
        parse_receipt(text)


@given(st.text(max_size=140))
def test_no_receipt_text_crashes(text: str) -> None:
    with contextlib.suppress(UnreadableReceipt):
        assert len(parse_receipt(text)) == 26


def test_a_fingerprint_recognises_a_payee_and_nobody_else() -> None:
    one = fingerprint(KEY, account_kind="iban", account_number="DE02120300000000202051", name="Li  Na")
    assert one == fingerprint(KEY, account_kind="iban", account_number="DE02120300000000202051", name="li na")
    assert one != fingerprint(KEY, account_kind="other", account_number="DE02120300000000202051", name="Li Na")
    assert one != fingerprint(KEY, account_kind="iban", account_number="DE02120300000000202051", name="Li Mo")
    assert one != fingerprint(KEY[::-1], account_kind="iban", account_number="DE02120300000000202051", name="Li Na")


def test_a_body_is_recognised_only_under_the_key() -> None:
    assert body_digest(KEY, b"{}") == body_digest(KEY, b"{}") != body_digest(KEY, b"{ }")
    assert body_digest(KEY, b"{}") != hashlib.sha256(b"{}").digest()


def test_subkeys_differ_by_label_and_secret() -> None:
    keys = {subkey("a" * 50, "receipt"), subkey("a" * 50, "payee"), subkey("b" * 50, "receipt")}
    assert len(keys) == 3
    assert all(len(key) == 32 for key in keys)
    # RFC 5869 with SHA-256 and no salt, worked with the two HMACs it consists of.
    extracted = hmac.digest(bytes(32), b"secret", "sha256")
    assert subkey("secret", "receipt") == hmac.digest(extracted, b"receipt\x01", "sha256")
