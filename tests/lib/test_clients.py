"""Who is asking, seen through the proxies that are named and no others."""

import pytest
from django.test import RequestFactory, override_settings

from cashback.lib.clients import client_of


@pytest.mark.parametrize(
    ("address", "forwarded", "proxies", "client"),
    [
        ("8.8.8.8", "", [], "8.8.8.8"),
        ("8.8.8.8", "1.1.1.1", [], "8.8.8.8"),
        ("10.0.0.1", "1.1.1.1", ["10.0.0.0/8"], "1.1.1.1"),
        ("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", ["10.0.0.0/8"], "1.1.1.1"),
        ("10.0.0.1", "nonsense", ["10.0.0.0/8"], "10.0.0.1"),
        ("::ffff:8.8.8.8", "", [], "8.8.8.8"),
        ("2001:4860:0:1:2:3:4:5", "", [], "2001:4860:0:1::/64"),
        ("", "", [], "unknown"),
    ],
)
def test_only_named_proxies_are_believed(address: str, forwarded: str, proxies: list[str], client: str) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=address)
    with override_settings(TRUSTED_PROXIES=proxies):
        assert client_of(request) == client


def test_neighbours_in_one_network_are_one_client() -> None:
    one, other = (RequestFactory().get("/", REMOTE_ADDR=f"2001:4860:1:2::{host}") for host in "ab")
    assert client_of(one) == client_of(other) == "2001:4860:1:2::/64"
