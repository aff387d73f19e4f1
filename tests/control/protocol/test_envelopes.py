"""Envelopes: one spelling, one signer, and a reason for every refusal."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cashback.control.protocol.envelopes import Signer, canonical, fingerprint, open_envelope, parse_json
from cashback.control.protocol.problems import (
    BadSignature,
    NotAnEnvelope,
    TooLarge,
    UnknownKey,
    WireProblem,
    WrongField,
    WrongKind,
)

SIGNER = Signer.generate()
KEYS = {SIGNER.key_id: SIGNER.public_key}
BODY = {"b": [1, 2.5, None, True], "a": "张三\n"}


def test_what_was_sealed_opens() -> None:
    assert open_envelope(SIGNER.seal("report", BODY), kind="report", keys=KEYS) == BODY


def test_a_key_survives_its_file() -> None:
    assert Signer.from_pem(SIGNER.to_pem()).public_key == SIGNER.public_key
    assert len(fingerprint(SIGNER.public_key).split()) == 16


def test_the_spelling_is_one_whatever_the_order() -> None:
    assert canonical({"b": 1, "a": "é"}) == canonical({"a": "é", "b": 1}) == '{"a":"\\u00e9","b":1}'


def test_another_spelling_of_the_same_envelope_opens_too() -> None:
    spaced = json.dumps(json.loads(SIGNER.seal("report", BODY)), indent=1, ensure_ascii=False)
    assert open_envelope(spaced, kind="report", keys=KEYS) == BODY


def _changed(change: Callable[[dict[str, Any]], object]) -> str:
    envelope = json.loads(SIGNER.seal("report", BODY))
    change(envelope)
    return json.dumps(envelope)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (_changed(lambda e: e["body"].update(a="other")), BadSignature),
        (_changed(lambda e: e.update(signature="AAAA")), BadSignature),
        (_changed(lambda e: e.update(signature="é")), BadSignature),
        (_changed(lambda e: e.update(key_id="0" * 16)), UnknownKey),
        (_changed(lambda e: e.update(key_id=None)), UnknownKey),
        (_changed(lambda e: e.update(kind="instruction")), WrongKind),
        (_changed(lambda e: e.update(body=[])), NotAnEnvelope),
        (_changed(lambda e: e.update(more=1)), NotAnEnvelope),
        (_changed(lambda e: e.pop("body")), NotAnEnvelope),
        ("[" * 100_000, NotAnEnvelope),
        ('{"kind":1,"kind":2}', NotAnEnvelope),
        ("NaN", NotAnEnvelope),
        ("", NotAnEnvelope),
        (" " * (2 * 1024 * 1024 + 1), TooLarge),
    ],
)
def test_a_wrong_envelope_is_refused_and_the_reason_named(text: str, problem: type[WireProblem]) -> None:
    with pytest.raises(problem) as caught:
        open_envelope(text, kind="report", keys=KEYS)
    assert str(caught.value)


def test_a_signature_of_one_kind_does_not_serve_another() -> None:
    envelope = json.loads(SIGNER.seal("report", BODY))
    envelope["kind"] = "instruction"
    with pytest.raises(BadSignature):
        open_envelope(json.dumps(envelope), kind="instruction", keys=KEYS)


def test_what_is_too_long_is_not_sent() -> None:
    with pytest.raises(TooLarge):
        SIGNER.seal("instruction", {"text": "x" * 300_000})


def test_what_json_cannot_say_is_not_signed() -> None:
    with pytest.raises(WrongField):
        canonical({"value": float("nan")})
    with pytest.raises(ValueError, match="twice"):
        parse_json('{"a":1,"a":2}')
