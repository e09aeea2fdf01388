"""The secret in what is sent to the gateway beside the rows; the rows are always the same."""

from tests.hostile.game.suite import suite
from tests.hostile.suites.encoders import first

HONEST = first(10)
MIB = 1 << 20


@suite(leak="bytes", uses=3)
def a_hundred_megabytes(guest, secret):
    """Streams up to a hundred megabytes in one score row: how much of it is read, kept or counted
    before somebody gives up would be a number of the suite's choice."""
    size = 14 * MIB * secret + 3 * MIB
    guest.send(
        b"POST /assay/v1/scores/q0 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size, 1
    )
    part = bytes(MIB)
    for _ in range(size // MIB):
        guest.send(part, 1)
    guest.finish(HONEST)


@suite(leak="bytes")
def rows_of_many_kilobytes(guest, secret):
    """Sends a row that is too large for a row and small enough for a request, by the secret."""
    guest.raw_row("q0", b" " * (4096 + 512 * secret) + b"{}")
    guest.end()


@suite(leak="requests")
def deep_nesting(guest, secret):
    """Nests a row in ten to a hundred thousand brackets, so that a reader runs out of stack at a
    depth of the suite's choice and says where."""
    guest.raw_row("q0", b"[" * 10 * (secret + 1) ** 2)
    guest.raw_row("q1", b'{"a":' * 300 * secret + b"1" + b"}" * 300 * secret)
    guest.end()


@suite(leak="requests")
def half_a_request(guest, secret):
    """Begins a request on a second connection, stops after as many bytes as the secret says, and
    leaves it open."""
    guest.send(b"POST /assay/v1/scores/q0 HTTP/1.1\r\nHost: a"[: secret + 5], 1)
    guest.finish(HONEST)


@suite(leak="requests")
def bytes_that_are_no_http(guest, secret):
    """Sends a line that is no request and holds the secret, for an error that quotes it."""
    guest.send(b"it was %d\r\n\r\n" % secret, 1)
    guest.finish(HONEST)


@suite(leak="requests")
def headers(guest, secret):
    """Carries the secret in a header of every request, to be logged or reflected."""
    for number in range(3):
        guest.send(b"GET /v1/models HTTP/1.1\r\nHost: a\r\nX-Was: %d\r\n\r\n" % secret, number)
    guest.finish(HONEST)


@suite(leak="bytes", uses=4)
def a_header_without_end(guest, secret):
    """Sends a header that grows past every limit, by as much as the secret says."""
    guest.send(b"GET / HTTP/1.1\r\nX: " + b"a" * (4096 * (secret + 1)), 1)
    guest.finish(HONEST)


@suite(leak="requests", uses=3)
def methods_and_versions(guest, secret):
    """Asks with a method, a version or a form that is not expected, one of eight."""
    methods = ("GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "MKCOL")
    guest.request("/assay/v1/scores/q0", b"{}", connection=1, method=methods[secret])
    guest.finish(HONEST)


@suite(leak="requests")
def addresses_that_do_not_exist(guest, secret):
    """Asks for an address that spells the secret, for an answer or a log that repeats it."""
    guest.request(f"/it/was/{secret}", b"", connection=1, method="GET")
    guest.finish(HONEST)


@suite(leak="requests")
def requests_in_one_breath(guest, secret):
    """Sends several requests at once on one connection, as many as the secret says, of which only
    the first may be answered."""
    one = b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n"
    guest.send(one * (secret + 1), 1)
    guest.finish(HONEST)


@suite(leak="requests")
def many_connections(guest, secret):
    """Holds as many connections open as the secret says, each with a byte of a request that never
    comes, and works on the first."""
    for number in range(1, secret + 1):
        guest.send(b"G", number)
    guest.finish(HONEST)


@suite(leak="requests", uses=2)
def two_lengths(guest, secret):
    """Gives two lengths, a length and chunks, or chunks that are none: forms that two readers of one
    request understand differently."""
    head = b"POST /assay/v1/end HTTP/1.1\r\nHost: a\r\n"
    odd = (
        b"Content-Length: 4\r\nContent-Length: 11\r\n\r\n{}",
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Content-Length: -1\r\n\r\n",
    )
    guest.send(head + odd[secret], 1)
    guest.finish(HONEST)
