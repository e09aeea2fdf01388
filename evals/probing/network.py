"""No network: no interface, route, name service, and no socket family to make one with."""

import errno
import socket

from evals.probing.look import Probe, Verdict, lines, name_of

# Address families and kinds of socket(2) besides unix and internet streams and datagrams.
REFUSED: dict[str, tuple[int, int, int]] = {
    "raw": (2, 3, 1),
    "icmp": (2, 2, 1),
    "mptcp": (2, 1, 262),
    "sctp": (2, 1, 132),
    "seqpacket": (1, 5, 0),
    "netlink": (16, 3, 0),
    "packet": (17, 3, 0),
    "alg": (38, 5, 0),
    "vsock": (40, 1, 0),
}


def _loopback_only() -> Verdict:
    names = [line.split(":")[0].strip() for line in lines("/proc/net/dev")[2:]]
    return names == ["lo"], str(len(names))


def _no_route() -> Verdict:
    routes = len(lines("/proc/net/route")) - 1
    return routes <= 0, str(max(routes, 0))


def _no_way_out() -> Verdict:
    # RFC 5737: an address for documentation. Connecting a datagram socket sends nothing.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        return _unreachable(out.connect_ex(("192.0.2.1", 53)))


def _no_way_out_ipv6() -> Verdict:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as out:
        return _unreachable(out.connect_ex(("2001:db8::1", 53)))


def _no_name_service() -> Verdict:
    servers = sum(line.startswith("nameserver") for line in lines("/etc/resolv.conf"))
    try:
        socket.getaddrinfo("example.org", 443)
    except socket.gaierror:
        return servers == 0, str(servers)
    return False, "resolved"


def no_socket(family: int, kind: int, protocol: int) -> Verdict:
    """Whether such a socket cannot be made."""
    try:
        socket.socket(family, kind, protocol).close()
    except OSError as error:
        return error.errno == errno.EPERM, name_of(error.errno or 0)
    return False, "made"


def _unreachable(code: int) -> Verdict:
    # gVisor says it in its own words where there is no route.
    return code in {errno.ENETUNREACH, errno.EHOSTUNREACH}, name_of(code)


def _loopback_works() -> Verdict:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), 5) as one,
    ):
        other, _ = server.accept()
        other.sendall(b"x")
        other.close()
        return one.recv(1) == b"x", ""


PROBES: tuple[Probe, ...] = (
    _loopback_only,
    _no_route,
    _no_way_out,
    _no_way_out_ipv6,
    _no_name_service,
    _loopback_works,
)
