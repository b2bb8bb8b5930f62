"""What counts as one client, wherever something is counted for each."""

from ipaddress import IPv6Address, ip_address, ip_network

from fixmate.core import context


def network_of(address: str) -> str:
    """Return what is counted as one address: of IPv6 the network, of which every machine has a whole one."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))
    return address


def client_network() -> str:
    """Return where the present call comes from, as `network_of` counts it; "" where that is not known."""
    return network_of(context.current().ip_address or "")
