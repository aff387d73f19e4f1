"""Who is asking: the address behind a request, through those proxies only that the settings name."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

# One customer of a network has a whole /64 at least; counting single addresses would count nothing.
_IPV6_PREFIX = 64
UNKNOWN = "unknown"


def client_of(request: HttpRequest) -> str:
    """The client's address in one spelling: IPv4 in full, IPv6 as its /64."""
    address = _address(request)
    if address is None:
        return UNKNOWN
    if isinstance(address, IPv6Address):
        return str(ip_network(f"{address}/{_IPV6_PREFIX}", strict=False))
    return str(address)


def is_local(request: HttpRequest) -> bool:
    """Whether the request comes from this machine or a private network, and not through an unnamed proxy."""
    if not settings.TRUSTED_PROXIES and "HTTP_X_FORWARDED_FOR" in request.META:
        return False
    address = _address(request)
    return address is not None and (address.is_private or address.is_loopback)


def _address(request: HttpRequest) -> IPv4Address | IPv6Address | None:
    """The first address, from our end, that is not one of our proxies."""
    address = _parse(request.META.get("REMOTE_ADDR", ""))
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while address is not None and forwarded and _is_trusted(address):
        before = _parse(forwarded.pop())
        if before is None:
            break
        address = before
    return address


def _is_trusted(address: IPv4Address | IPv6Address) -> bool:
    return any(address in ip_network(network, strict=False) for network in settings.TRUSTED_PROXIES)


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
