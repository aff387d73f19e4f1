"""Envelopes: a body, the key it was signed with, and the signature over exactly one spelling of the body.

    {"kind": "instruction", "key_id": "9f86d081884c7d65", "body": {...}, "signature": base64url}

The signature is Ed25519 over UTF-8 lines, each ended by LF: `cashback-<kind>-v1`, the body as canonical JSON, that is
keys sorted, no spaces, everything outside ASCII escaped; so a body has no line feed and one spelling.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from cashback.control.protocol.problems import BadSignature, NotAnEnvelope, TooLarge, UnknownKey, WrongField, WrongKind

# The longest envelope of each kind, in bytes of UTF-8. A report carries an application's output of up to 256 kB,
# in which everything outside ASCII may be escaped.
SIZE_MAX: Final = {"instruction": 256 * 1024, "report": 2 * 1024 * 1024, "bundle": 4096, "enrolment": 4096}
_FIELDS: Final = {"kind", "key_id", "body", "signature"}


class Signer:
    """The private half of a party's key."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self.public_key: bytes = private_key.public_key().public_bytes_raw()
        self.key_id = key_id(self.public_key)

    @classmethod
    def generate(cls) -> Self:
        """A new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, text: bytes) -> Self:
        """The key of a PEM file (PKCS 8). Raises ValueError."""
        private_key = load_pem_private_key(text, password=None)
        if not isinstance(private_key, Ed25519PrivateKey):
            raise ValueError("not an Ed25519 key")
        return cls(private_key)

    def __repr__(self) -> str:
        return f"<Signer {self.key_id}>"

    def to_pem(self) -> bytes:
        """The key as its file holds it. Write it with mode 600."""
        return self._private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def seal(self, kind: str, body: Mapping[str, Any]) -> str:
        """The signed envelope as text. Raises TooLarge, and WrongField for what JSON cannot say."""
        assert kind in SIZE_MAX, kind
        signature = encode_base64url(self._private_key.sign(_message(kind, body)))
        text = canonical({"kind": kind, "key_id": self.key_id, "body": body, "signature": signature})
        if len(text) > SIZE_MAX[kind]:
            raise TooLarge(f"{kind} of {len(text)} bytes; at most {SIZE_MAX[kind]} are sent")
        return text


def open_envelope(text: str | bytes, *, kind: str, keys: Mapping[str, bytes]) -> dict[str, Any]:
    """The body of an envelope of this kind, signed with one of the trusted keys (id: raw public half).

    Raises TooLarge, NotAnEnvelope, WrongKind, UnknownKey, BadSignature.
    """
    envelope = _read(text, kind)
    if envelope["kind"] != kind:
        raise WrongKind(f"kind is {str(envelope['kind'])[:40]!r}, not {kind!r}")
    public_key = keys.get(envelope["key_id"]) if isinstance(envelope["key_id"], str) else None
    if public_key is None:
        raise UnknownKey(f"key_id {str(envelope['key_id'])[:40]!r} is not trusted")
    body = envelope["body"]
    if not isinstance(body, dict):
        raise NotAnEnvelope("body is not an object")
    try:
        signature = decode_base64url(str(envelope["signature"]))
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, _message(kind, body))
    except (InvalidSignature, ValueError):
        raise BadSignature(f"the signature does not fit the {kind}") from None
    return body


def peek(text: str | bytes, *, kind: str) -> dict[str, Any]:
    """The body of an envelope whose signer is not known yet. Believe nothing of it before open_envelope.

    Raises TooLarge, NotAnEnvelope.
    """
    body = _read(text, kind)["body"]
    if not isinstance(body, dict):
        raise NotAnEnvelope("body is not an object")
    return body


def key_id(public_key: bytes) -> str:
    """The name of a key: the first 16 hex characters of the SHA-256 of its raw public half."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def fingerprint(public_key: bytes) -> str:
    """What an operator compares: the SHA-256 of the raw public half in groups of four."""
    digest = hashlib.sha256(public_key).hexdigest()
    return " ".join(digest[start : start + 4] for start in range(0, 64, 4))


def canonical(value: object) -> str:
    """The one spelling of a value as JSON. Raises WrongField for what JSON cannot say."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise WrongField(f"not JSON: {error}") from None


def parse_json(text: str | bytes) -> Any:
    """A value from JSON: no key twice, no NaN, bounded depth. Raises ValueError."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def encode_base64url(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_base64url(text: str) -> bytes:
    """The bytes of base64url without padding. Raises ValueError for any other spelling."""
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("not base64url") from None
    if encode_base64url(data) != text:
        raise ValueError("not base64url")
    return data


def _read(text: str | bytes, kind: str) -> dict[str, Any]:
    if len(text) > SIZE_MAX[kind]:
        raise TooLarge(f"{kind} of {len(text)} bytes; at most {SIZE_MAX[kind]} are read")
    try:
        envelope = parse_json(text)
    except ValueError as error:
        raise NotAnEnvelope(f"not JSON: {error}") from None
    if not isinstance(envelope, dict) or set(envelope) != _FIELDS:
        raise NotAnEnvelope(f"an envelope has exactly the fields {', '.join(sorted(_FIELDS))}")
    return envelope


def _message(kind: str, body: Mapping[str, Any]) -> bytes:
    return f"cashback-{kind}-v1\n{canonical(body)}\n".encode()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice")
    return result


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
