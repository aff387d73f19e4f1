import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from py_ecc.bls.g2_primitives import subgroup_check
from py_ecc.bls.hash_to_curve import hash_to_G1
from py_ecc.bls.point_compression import compress_G1, decompress_G1
from py_ecc.bls.typing import G1Compressed
from py_ecc.optimized_bls12_381 import G1, Z1, multiply

from cashback.lib import drand
from cashback.lib.drand import NotARound, RandomnessDiffers, RoundRefused, SignatureRefused, WrongRound
from lottery import verify

# Rounds as the network published them.
SIGNATURES = {
    1_000: "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
    1_001: "b33bf3667cbd5a82de3a24b4e0e9fe5513cc1a0e840368c6e31f5fcfa79bea03f73896b25883abf2853d10337fb8fa41",
}
RANDOMNESS = "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd"


def round_file(number: int = 1_000, signature: str | None = None, **changes: Any) -> bytes:
    signature = SIGNATURES[number] if signature is None else signature
    randomness = hashlib.sha256(bytes.fromhex(signature)).hexdigest()
    return json.dumps({"round": number, "randomness": randomness, "signature": signature} | changes).encode()


def refused_as(problem: type[RoundRefused], file: bytes, **options: Any) -> str:
    with pytest.raises(problem) as caught:
        drand.verify_round(file, **options)
    assert type(caught.value) is problem
    return str(caught.value)


def test_published_rounds_are_accepted() -> None:
    assert drand.verify_round(round_file(1_000), announced=1_000) == (1_000, RANDOMNESS, SIGNATURES[1_000])
    assert drand.verify_round(round_file(1_001)).figure[0] == "drand-quicknet-1001"


def test_the_key_is_the_one_that_names_the_network() -> None:
    assert drand.chain_hash() == drand.CHAIN == verify.QUICKNET
    assert drand.GENESIS.timestamp() == verify.QUICKNET_GENESIS


def test_another_round_s_signature_is_refused() -> None:
    assert "round 1001" in refused_as(SignatureRefused, round_file(1_001, SIGNATURES[1_000]))
    refused_as(SignatureRefused, round_file(999, SIGNATURES[1_000]))


def test_altered_signatures_are_refused() -> None:
    sign_turned = f"{int(SIGNATURES[1_000][:2], 16) ^ 0x20:02x}{SIGNATURES[1_000][2:]}"
    refused_as(SignatureRefused, round_file(1_000, sign_turned))
    for position in (1, 40, 95):
        digit = f"{int(SIGNATURES[1_000][position], 16) ^ 1:x}"
        altered = SIGNATURES[1_000][:position] + digit + SIGNATURES[1_000][position + 1 :]
        refused_as(SignatureRefused, round_file(1_000, altered))


def test_points_that_are_no_signature_are_refused() -> None:
    infinity = compress_G1(Z1)
    for point in (infinity, compress_G1(G1), 0, 2**384 - 1, 2**383, 2**383 + 1, infinity + 1, infinity | 2**381):
        refused_as(SignatureRefused, round_file(1_000, f"{point:096x}"))


def test_a_point_on_the_curve_but_outside_the_group_is_refused() -> None:
    outside = 2**383 + 4
    assert not subgroup_check(decompress_G1(G1Compressed(outside)))
    refused_as(SignatureRefused, round_file(1_000, f"{outside:096x}"))


def test_somebody_else_s_key_signs_nothing() -> None:
    message = hash_to_G1(
        hashlib.sha256((1_000).to_bytes(8, "big")).digest(),
        b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_",
        hashlib.sha256,  # type: ignore[arg-type]
    )
    refused_as(SignatureRefused, round_file(1_000, f"{compress_G1(multiply(message, 12_345)):096x}"))


def test_randomness_must_be_the_hash_of_the_signature() -> None:
    refused_as(RandomnessDiffers, round_file(randomness="0" * 64))


def test_only_the_announced_round_will_do() -> None:
    assert "1001" in refused_as(WrongRound, round_file(1_001), announced=1_000)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"[]",
        b"\xff",
        b"{}",
        b"[" * 4_000,
        b" " * 5_000 + round_file(),
        round_file(round="1000"),
        round_file(round=True),
        round_file(round=0),
        round_file(round=2**64),
        round_file(round=1000.0),
        round_file(randomness=None),
        round_file(randomness=RANDOMNESS.upper()),
        round_file(signature=SIGNATURES[1_000] + "00"),
        round_file(signature=SIGNATURES[1_000] + "\n"),
        round_file(randomness=7),
    ],
)
def test_files_out_of_form_are_refused(file: bytes) -> None:
    refused_as(NotARound, file)


def test_rounds_and_times() -> None:
    assert drand.round_at(drand.GENESIS) == 1
    assert drand.round_at(drand.GENESIS + timedelta(seconds=2.9)) == 1
    assert drand.round_at(drand.GENESIS + timedelta(seconds=3)) == 2
    assert drand.published_at(1_000) == datetime(2023, 8, 23, 15, 59, 24, tzinfo=UTC)
    assert all(drand.round_at(drand.published_at(number)) == number for number in (1, 2, 999, 30_000_000))


def test_nested_json_does_not_end_the_process_that_checks_rounds() -> None:
    code = "import json, sys; from cashback.lib import drand; json.loads('[' * 1_000_000)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert "RecursionError" in told.stderr
