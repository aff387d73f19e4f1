import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from cashback.lib.pins import (
    ALPHABET,
    PinError,
    PinFault,
    check_char,
    group_pin,
    parse_pin,
    random_pins,
)
from cashback.lib.typed_text import Amended

entropies = st.binary(min_size=15, max_size=15)


def one_pin(entropy: bytes) -> str:
    return random_pins(1, entropy)[0]


def reason_for(text: str) -> PinError:
    with pytest.raises(PinError) as caught:
        parse_pin(text)
    assert str(caught.value)
    return caught.value


def test_the_alphabet_is_crockfords() -> None:
    assert len(ALPHABET) == 32
    assert not set("ILOU") & set(ALPHABET)
    assert list(ALPHABET) == sorted(ALPHABET)


@pytest.mark.parametrize(
    ("entropy", "pin"),
    [
        (bytes(15), "0000000000000000"),
        (bytes(range(15)), "0123456789ABCDEZ"),
        (bytes([255] * 15), "ZZZZZZZZZZZZZZZF"),
        (b"\x20" * 15, "0000000000000000"),
    ],
)
def test_worked_pins(entropy: bytes, pin: str) -> None:
    assert one_pin(entropy) == pin
    assert parse_pin(pin).pin == pin


def test_many_pins_are_each_as_if_made_alone() -> None:
    entropy = os.urandom(15 * 2_000)
    pins = random_pins(2_000, entropy)
    assert pins == [one_pin(entropy[start : start + 15]) for start in range(0, len(entropy), 15)]
    assert all(luhn.is_valid(pin, ALPHABET) for pin in pins)
    assert len(set(pins)) == 2_000


@given(entropies)
def test_the_check_character_is_luhns(entropy: bytes) -> None:
    pin = one_pin(entropy)
    assert check_char(pin[:15]) == pin[15]


def test_every_value_of_a_character_is_as_likely_as_any_other() -> None:
    entropy = b"".join(bytes([value]) * 15 for value in range(256))
    columns = zip(*(pin[:15] for pin in random_pins(256, entropy)), strict=True)
    for column in columns:
        assert {character: column.count(character) for character in ALPHABET} == dict.fromkeys(ALPHABET, 8)


@given(entropies)
def test_what_is_printed_is_read(entropy: bytes) -> None:
    pin = one_pin(entropy)
    reading = parse_pin(group_pin(pin).lower())
    assert reading.pin == pin
    assert parse_pin(pin) == (pin, ())


@given(entropies, st.integers(0, 15), st.integers(1, 31))
def test_every_single_wrong_character_is_noticed(entropy: bytes, position: int, step: int) -> None:
    pin = one_pin(entropy)
    wrong = ALPHABET[(ALPHABET.index(pin[position]) + step) % 32]
    assert reason_for(pin[:position] + wrong + pin[position + 1 :]).reason is PinFault.CHECK


def test_width_case_separators_and_lookalikes_are_corrected_and_named() -> None:
    reading = parse_pin("\N{FULLWIDTH LATIN SMALL LETTER O}i23-4567 89ab\N{EM DASH}cdeZ")
    assert reading.pin == "0123456789ABCDEZ"
    assert reading.corrections == (Amended.WIDTH, Amended.SEPARATORS, Amended.CASE, Amended.LETTERS)
    assert parse_pin("OL23456789ABCDEZ").pin == "0123456789ABCDEZ"


@pytest.mark.parametrize(
    ("text", "reason", "position"),
    [
        ("", PinFault.EMPTY, None),
        ("\N{IDEOGRAPHIC SPACE}", PinFault.EMPTY, None),
        ("0123456789ABCDE", PinFault.LENGTH, None),
        ("A" * 1_000_000, PinFault.LENGTH, None),
        ("0123-U567-89AB-CDEZ", PinFault.CHARACTER, 5),
        ("0123-u567-89AB-CDEZ", PinFault.CHARACTER, 5),
        ("0123456789ABCDE卡", PinFault.CHARACTER, 16),
        ("ß123456789ABCDEZ", PinFault.CHARACTER, 1),
        ("0123456789ABCDEY", PinFault.CHECK, None),
    ],
)
def test_each_fault_has_its_reason(text: str, reason: Any, position: int | None) -> None:
    error = reason_for(text)
    assert (error.reason, error.position) == (reason, position)


@given(st.text(max_size=80))
def test_no_text_crashes(text: str) -> None:
    try:
        reading = parse_pin(text)
    except PinError as error:
        message = str(error)
    else:
        message = "read"
        assert parse_pin(reading.pin) == (reading.pin, ())
    assert message
