"""The scanner finds what it is to find, wherever it lies; else an empty result would prove nothing."""

import base64
from pathlib import Path
from random import Random

import pytest

from tests.privacy.scanner import CHARSETS, CHUNK_BYTES, Scanner, forms

TEXTS = ("欧阳璟翀彧", "Quorvintha Belzmaroth", "13812345678", "DE89370400440532013000")


@pytest.mark.parametrize("text", TEXTS)
def test_every_form_is_found_at_every_place(text: str) -> None:
    scanner = Scanner.of(TEXTS)
    noise = Random(1).randbytes(64)
    for form, pattern in forms(text):
        for place in range(8):
            data = noise[:place] + pattern + noise
            assert text in {hit.text for hit in scanner.scan(data, "here")}, f"{form} at {place}"


@pytest.mark.parametrize("text", TEXTS)
def test_it_is_found_inside_base64_and_hex_of_more(text: str) -> None:
    scanner = Scanner.of(TEXTS)
    for charset in CHARSETS:
        for place in range(6):
            more = b"\x01" * place + text.encode(charset) + b"\x02\x03"
            for coded in (base64.b64encode(more), base64.urlsafe_b64encode(more), more.hex().encode()):
                assert text in {hit.text for hit in scanner.scan(coded, "here")}


def test_it_is_found_across_the_edge_of_a_chunk() -> None:
    scanner = Scanner.of(TEXTS)
    for place in range(CHUNK_BYTES - 30, CHUNK_BYTES + 5):
        data = b"\0" * place + TEXTS[0].encode() + b"\0" * 9
        assert scanner.scan(data, "here"), place


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    scanner = Scanner.of(TEXTS)
    assert not scanner.scan(Random(2).randbytes(1_000_000), "noise")
    assert not scanner.scan("欧阳璟翀 Quorvintha Belzmarot 1381234567".encode(), "nearly")
    assert not scanner.scan_tree(tmp_path)


def test_files_and_their_names_are_searched_but_for_one_folder(tmp_path: Path) -> None:
    scanner = Scanner.of(TEXTS)
    other = tmp_path / "other"
    other.mkdir()
    (other / "paid").write_text(TEXTS[0], encoding="utf-8")
    assert not scanner.scan_tree(tmp_path, without=other)
    assert scanner.scan_tree(tmp_path)
    (tmp_path / TEXTS[3]).touch()
    assert scanner.scan_tree(tmp_path, without=other)
