"""Copies are bounded: what was used least recently goes."""

import hashlib
from pathlib import Path

import pytest

from cashback.control.protocol.envelopes import Signer, encode_base64url
from cashback.control.protocol.messages import BundleWord
from cashback.control.station.configuration import WrongConfiguration, own_folder, own_key, read_configuration
from cashback.control.station.copies import Copies, CopyProblem
from tests.control.station.house import Broker, Centre


@pytest.fixture
def shop() -> Centre:
    return Centre(Broker())


def _copies(shop: Centre, folder: Path, **bounds: int) -> Copies:
    return Copies(folder, centre_url=shop.url, centre_keys={shop.signer.key_id: shop.signer.public_key}, **bounds)


def test_the_copy_used_least_recently_goes_when_there_are_too_many(shop: Centre, tmp_path: Path) -> None:
    copies = _copies(shop, tmp_path / "copies", count_max=2)
    for version in ("1", "2", "3"):
        shop.publish("echo", version, f"data {version}".encode())
    copies.obtain("echo", "1")
    copies.obtain("echo", "2")
    assert copies.obtain("echo", "1").how == "local"
    copies.obtain("echo", "3")
    assert [copy.version for copy in copies.held()] == ["1", "3"]
    shop.close()


def test_the_copies_together_are_bounded_in_bytes(shop: Centre, tmp_path: Path) -> None:
    copies = _copies(shop, tmp_path / "copies", bytes_max=10_000)
    for version in ("1", "2", "3"):
        shop.publish("echo", version, version.encode() * 4000)
        copies.obtain("echo", version)
    assert [copy.version for copy in copies.held()] == ["2", "3"]
    shop.close()


def test_without_a_version_the_newest_here_or_the_newest_published_is_taken(shop: Centre, tmp_path: Path) -> None:
    copies = _copies(shop, tmp_path / "copies")
    shop.publish("echo", "9", b"nine")
    assert (copies.obtain("echo", None).word.version, copies.obtain("echo", None).how) == ("9", "local")
    shop.publish("echo", "10", b"ten")
    copies.obtain("echo", "10")
    assert copies.obtain("echo", None).word.version == "10"
    with pytest.raises(CopyProblem):
        copies.obtain("nobody", None)
    shop.close()


def test_a_word_about_another_application_is_refused(shop: Centre, tmp_path: Path) -> None:
    copies = _copies(shop, tmp_path / "copies")
    word = BundleWord(application="other", version="1", sha256=hashlib.sha256(b"x").hexdigest(), size=1)
    header = encode_base64url(shop.signer.seal("bundle", word.to_body()).encode())
    shop.answers["/api/v1/applications/echo/1"] = [(200, b"x", header)]
    with pytest.raises(CopyProblem, match="about other"):
        copies.obtain("echo", "1")
    shop.close()


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    own_key(tmp_path)
    (tmp_path / "station.key").chmod(0o644)
    with pytest.raises(WrongConfiguration, match="mode to 600"):
        own_key(tmp_path)


def test_a_key_is_made_once(tmp_path: Path) -> None:
    own_folder(tmp_path)
    assert own_key(tmp_path).key_id == own_key(tmp_path).key_id
    assert (tmp_path / "station.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "config.json"),
        ('{"name": "north"}', "missing"),
        ('{"name":"north","centre_url":"ftp://x","broker_url":"redis://","centre_keys":[]}', "centre_url"),
        ('{"name":"north","centre_url":"http://x","broker_url":"redis://","centre_keys":[]}', "whom"),
    ],
)
def test_a_wrong_configuration_is_told(text: str, named: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(WrongConfiguration, match=named):
        read_configuration(tmp_path / "config.json")
    assert Signer.generate().key_id
