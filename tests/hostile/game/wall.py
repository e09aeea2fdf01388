"""One run of a hostile program through the real gateway and the real session's judgement.

Left out are the processes: the gateway's connections, its door for scores, its meter and its events
are the ones that run in production, on a socket, an engine and a clock that are values.
"""

import fcntl
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from evals import outputs, scorers, wire
from sandbox import session
from sandbox.container.runtime import State, Status
from sandbox.gateway.caps import Caps
from sandbox.gateway.desk import Desk
from sandbox.gateway.events import Events
from sandbox.gateway.grant import ANY_UID
from sandbox.gateway.policy import Policy
from sandbox.gateway.providers import openai
from sandbox.gateway.rows import Served
from sandbox.gateway.run import Run
from sandbox.gateway.server import Front, GuestConnection
from sandbox.spec import Ending, Held, ModelGrant, SessionCallbacks, SessionResult
from tests.hostile.game.clock import Clock
from tests.hostile.game.guest import Dead, Death, Guest
from tests.hostile.game.vendor import Vendor

Program = Callable[[Guest, int], None]

_PIPE = 1 << 20


class Transport:
    """One connection's other end: what was written to the guest."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def write_eof(self) -> None:
        """The guest may still send; nothing is read."""

    def close(self) -> None:
        self.closed = True

    abort = close

    def pause_reading(self) -> None:
        """What is sent meanwhile waits in the socket; here it is handed over at once."""

    resume_reading = pause_reading

    def set_write_buffer_limits(self, high: int) -> None:
        """Nothing is slow here."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What an onlooker without any wall would have seen of the run; for the naive gate."""

    sent: tuple[bytes, ...]
    death: Death
    seconds: float


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended and when, in seconds since the epoch; and what went on inside."""

    result: SessionResult
    at: float
    seen: Seen


@dataclass(slots=True)
class _Acknowledging:
    """The gateway's process as the session's loop holds it."""

    desk: Desk

    def acknowledge(self) -> None:
        self.desk.acknowledged()


@dataclass(slots=True)
class _Watched:
    """How the container ended, as the session's thread would note it."""

    state: State
    lost: bool = False


@dataclass
class _Stand:
    """Everything of one container and its gateway."""

    grant: ModelGrant
    clock: Clock
    vendor: Vendor
    events_in: int
    events_out: int
    phase: str
    held: Sequence[Held]
    hasty: bool  # the program does not wait for its calls
    sent: list[bytes] = field(default_factory=list)
    over: session._Ended | None = None
    over_at: float = 0.0
    stopping: bool = False
    told: session._Progress = field(default_factory=session._Progress)

    def __post_init__(self) -> None:
        grant = self.grant
        self.desk = Desk(grant, Caps(), Events(self.events_in), self.vendor, await_ack=True)
        self.desk.now = self.clock.time
        routes = {end.role: openai.route(end, "a-credential") for end in grant.endpoints}
        policy = Policy(grant, routes) if routes else None
        served = None if routes else Served(grant.score_schema, self.held)
        self.run = Run(self.desk, self.phase, policy, served)
        self.front = Front(Caps(), ANY_UID, self.run.handle)
        self.callbacks = SessionCallbacks(
            progress=lambda _requests, _rows: None,
            reply_reached=lambda: None,
            should_stop=lambda: self.stopping,
        )
        self.connections: dict[int, tuple[GuestConnection, Transport]] = {}

    def send(self, data: bytes, number: int = 0) -> bytes:
        """Write to a connection, a new one if it is closed, and read what comes back."""
        if number not in self.connections or self.connections[number][1].closed:
            connection, transport = self.front.accept(), Transport()
            connection.connection_made(transport)
            self.connections[number] = connection, transport
        connection, transport = self.connections[number]
        before = len(transport.written)
        self.sent.append(data)
        connection.data_received(data)
        self.settle()
        if transport.closed:
            connection.connection_lost(None)
        return bytes(transport.written[before:])

    def settle(self) -> None:
        """Let the vendor answer and the session hear of it, until nothing moves."""
        while True:
            self.listen()
            if self.vendor.work():
                continue
            if self.hasty or not self.desk.calls or self.desk.closed or self.over:
                return
            self.wait(1.0)  # a retry rests, or the model thinks

    def wait(self, seconds: float) -> None:
        """Let time pass; the session looks at the clock and at who wants to stop."""
        left = self.grant.not_after - self.clock.now
        self.clock.advance(min(seconds, max(left, 0.0)))
        while self.vendor.work():
            self.listen()
        self.listen()
        if self.clock.now >= self.grant.not_after:
            self.end(session._Ended(Ending.DEADLINE, "deadline"))
        elif self.stopping:
            self.end(session._Ended(Ending.STOPPED, "asked"))
        if self.over is not None:
            raise Dead(Death(137))

    def late_reply(self) -> bytes | None:
        """What has come on the first connection by now, if anything has."""
        return bytes(self.connections[0][1].written) or None

    def provoke(self) -> None:
        """Whoever looks on at the vendor asks for a stop."""
        self.stopping = True
        self.wait(0.0)

    def end(self, how: session._Ended) -> None:
        """The first ending is the run's."""
        if self.over is None:
            self.over, self.over_at = how, self.clock.now

    def listen(self) -> None:
        """Hear the gateway's events as the session does."""
        try:
            lines = os.read(self.events_out, _PIPE).splitlines()
        except BlockingIOError:
            return
        for line in lines:
            if self.over is not None:
                return
            try:
                session._take(
                    json.loads(line), self.callbacks, _Acknowledging(self.desk), self.told
                )
            except session._Ended as ended:
                self.end(ended)

    def bury(self, death: Death) -> None:
        """The container is gone; the gateway leaves its receipt."""
        self.listen()
        if self.over is None:
            status = State(Status.EXITED, death.exit_code, death.oom)
            self.end(session._of_container(_Watched(status)))
        self.run.stop()
        for line in self._rest():
            if "receipt" in line and self.told.receipt is None:
                self.told.receipt = session.gateway.receipt(line)

    def _rest(self):
        try:
            return [json.loads(line) for line in os.read(self.events_out, _PIPE).splitlines()]
        except BlockingIOError:
            return []


def carry(
    grant: ModelGrant,
    program: Program,
    bits: int,
    secret: int,
    started: float,
    *,
    silent: bool = False,
    phases: str = wire.JOINED,
) -> Ran:
    """Let a program run whose model knows a secret of so many bits.

    A `silent` secret is how many seconds the model thinks; the program starts before any reply.
    With `separate` phases it hands outputs over, and what scores them is honest.
    """
    first = wire.JOINED if phases == wire.JOINED else wire.GENERATE

    def asking(guest: Guest) -> None:
        # All that the program knows it has from the model.
        program(guest, 0 if silent else int(guest.ask() or "0", 2))

    with Clock(started) as clock:
        vendor = Vendor(f"{secret:0{bits}b}", clock, thinks_s=secret if silent else 0)
        stand, death = _stage(grant, clock, vendor, first, asking, hasty=silent)
        ended, told, scored = stand.over, stand.told, stand.told
        if first == wire.GENERATE and ended.ending is Ending.COMPLETE:
            keys = replace(grant, endpoints=())
            second, _ = _stage(keys, clock, vendor, wire.SCORE, _scoring, held=told.outputs)
            ended, scored = second.over, second.told
        at = stand.over_at + death.teardown_s
        seconds = clock.now + death.teardown_s - started
    complete = ended.ending is Ending.COMPLETE
    result = SessionResult(
        ending=ended.ending,
        code=ended.code,
        reply_reached_guest=told.reply_reached,
        scores=scored.scores if complete else (),
        receipt=told.receipt,
    )
    return Ran(result, at, Seen(tuple(stand.sent), death, seconds))


def _stage(
    grant: ModelGrant,
    clock: Clock,
    vendor: Vendor,
    phase: str,
    play: Callable[[Guest], None],
    *,
    hasty: bool = False,
    held: Sequence[Held] = (),
) -> tuple[_Stand, Death]:
    """One container and its gateway, from the start to the end."""
    events_out, events_in = os.pipe()
    try:
        os.set_blocking(events_out, False)
        fcntl.fcntl(events_in, fcntl.F_SETPIPE_SZ, _PIPE)  # nobody reads while the gateway writes
        stand = _Stand(grant, clock, vendor, events_in, events_out, phase, held, hasty)
        guest = Guest(grant.score_schema, stand.send, stand.wait, stand.provoke, stand.late_reply)
        death = Death()
        try:
            play(guest)
        except Dead as dead:
            death = dead.death
        stand.bury(death)
    finally:
        os.close(events_in)
        os.close(events_out)
    return stand, death


def _scoring(guest: Guest) -> None:
    """What our own scorer `exact` does with each output."""
    for sample in guest.samples:
        reply = guest.request(outputs.path(sample, 0), b"", method="GET")
        text = json.loads(reply.split(b"\r\n\r\n", 1)[1])["text"]
        score = 0 if text is None else scorers.exact({}, text, "comply")
        guest.row(sample, {guest.fields[0].metric: score})
    guest.end()
