from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_97_10

from cashback.lib.serials import (
    NUMBER_MAX,
    SerialError,
    SerialFault,
    format_serial,
    group_serial,
    parse_serial,
)
from cashback.lib.typed_text import Amended

numbers = st.integers(0, NUMBER_MAX)


def reason_for(text: str) -> SerialError:
    with pytest.raises(SerialError) as caught:
        parse_serial(text)
    assert str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("number", "serial"),
    [(0, "00000000000098"), (1, "00000000000195"), (100_000_000_001, "10000000000180"), (NUMBER_MAX, "99999999999948")],
)
def test_worked_serials(number: int, serial: str) -> None:
    assert format_serial(number) == serial
    assert parse_serial(serial).number == number


@given(numbers)
def test_check_digits_are_those_of_the_standard(number: int) -> None:
    assert format_serial(number) == f"{number:012d}" + mod_97_10.calc_check_digits(f"{number:012d}")


@given(numbers)
def test_what_is_printed_is_read(number: int) -> None:
    reading = parse_serial(group_serial(format_serial(number)))
    assert (reading.number, reading.serial) == (number, format_serial(number))
    assert reading.corrections == (Amended.SEPARATORS,)
    assert parse_serial(reading.serial).corrections == ()


@given(numbers, st.integers(0, 13), st.integers(1, 9))
def test_every_single_wrong_digit_is_noticed(number: int, position: int, step: int) -> None:
    serial = format_serial(number)
    wrong = str((int(serial[position]) + step) % 10)
    assert reason_for(serial[:position] + wrong + serial[position + 1 :]).reason is SerialFault.CHECK


@given(numbers, st.integers(0, 12))
def test_every_exchange_of_neighbours_is_noticed(number: int, position: int) -> None:
    serial = format_serial(number)
    one, other = serial[position], serial[position + 1]
    if one != other:
        assert reason_for(serial[:position] + other + one + serial[position + 2 :]).reason is SerialFault.CHECK


def test_full_width_spaces_dashes_and_lookalikes_are_corrected_and_named() -> None:
    reading = parse_serial("\N{IDEOGRAPHIC SPACE}Ｏ000-0000 oO0\N{EN DASH}I95")
    assert reading.serial == "00000000000195"
    assert reading.corrections == (Amended.WIDTH, Amended.SEPARATORS, Amended.LETTERS)


@pytest.mark.parametrize(
    ("text", "reason", "position"),
    [
        ("", SerialFault.EMPTY, None),
        (" - ", SerialFault.EMPTY, None),
        ("0000000000019", SerialFault.LENGTH, None),
        ("000000000001955", SerialFault.LENGTH, None),
        ("0" * 1_000_000, SerialFault.LENGTH, None),
        ("0000 A000 0001 95", SerialFault.CHARACTER, 5),
        ("٠0000000000195", SerialFault.CHARACTER, 1),
        ("0000000000019²", SerialFault.CHARACTER, 14),
        ("00000000000196", SerialFault.CHECK, None),
    ],
)
def test_each_fault_has_its_reason(text: str, reason: Any, position: int | None) -> None:
    error = reason_for(text)
    assert (error.reason, error.position) == (reason, position)


def test_the_second_spelling_of_a_congruent_check_is_refused() -> None:
    number = next(n for n in range(1000) if format_serial(n).endswith("97"))
    assert reason_for(format_serial(number)[:12] + "00").reason is SerialFault.CHECK


@given(st.text(max_size=80))
def test_no_text_crashes(text: str) -> None:
    try:
        reading = parse_serial(text)
    except SerialError as error:
        message = str(error)
    else:
        message = "read"
        assert format_serial(reading.number) == reading.serial
    assert message
