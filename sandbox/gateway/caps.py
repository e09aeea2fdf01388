"""Limits that keep one gateway small whatever a guest or a vendor sends."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caps:
    """Sizes in bytes, times in seconds. The defaults suit production; tests shorten them."""

    connections: int = 768
    head_bytes: int = 16_384
    body_bytes: int = 2 * 1024 * 1024
    reply_bytes: int = 8 * 1024 * 1024
    held_bytes: int = 64 * 1024 * 1024  # all guests' bodies together; the same for replies
    request_s: float = 15.0  # from a request's first byte to its last
    idle_s: float = 300.0  # a connection between requests
    write_s: float = 30.0  # a guest that stopped reading
    connect_s: float = 10.0
    vendor_idle_s: float = 15.0  # a pooled connection at rest; vendors close after 5 to 75 s
    backoff_s: float = 0.5
    backoff_cap_s: float = 8.0
    retry_after_cap_s: float = 60.0
    linger_s: float = 1.0  # after the end record, for its reply to leave
    sweep_s: float = 0.25  # how exactly the times above are kept
    progress_s: float = 0.5


class Held:
    """Bytes held in memory on one side, against one cap."""

    __slots__ = ("_cap", "bytes")

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self.bytes = 0

    def take(self, size: int) -> bool:
        """Count `size` more; False, and nothing counted, when that would pass the cap."""
        if self.bytes + size > self._cap:
            return False
        self.bytes += size
        return True

    def give(self, size: int) -> None:
        """Count `size` less."""
        self.bytes -= size
