"""Which network addresses are public: the only ones a link may lead to."""

from __future__ import annotations

import ipaddress

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open internet.

    Private, local, link-local, shared (100.64/10), multicast, reserved and documentation
    addresses do not; neither do IPv6 forms that carry such an IPv4 address inside. What is no
    IP address is not public.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        carried = _carried(ip)
        if carried is not None:
            return _is_global(carried)
    return _is_global(ip)


def _carried(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    teredo = ip.teredo
    return ip.ipv4_mapped or ip.sixtofour or (teredo[1] if teredo else None)


def _is_global(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    # is_global alone says yes to multicast and to some reserved ranges.
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)
