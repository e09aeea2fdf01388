"""One run behind its socket: where each request goes, and how the run ends."""

import asyncio

from evals import outputs, wire
from sandbox.errors import GuestFault
from sandbox.gateway import answers
from sandbox.gateway.call import Call
from sandbox.gateway.desk import Desk
from sandbox.gateway.policy import Policy, RequestRefused
from sandbox.gateway.rows import Outputs, Rows, Scores, Served
from sandbox.gateway.server import Exchange, GuestConnection

_CHAT = b"/v1/chat/completions"
_MODELS = b"/v1/models"
_END = wire.END_PATH.encode()
_GREETING = outputs.PREFIX.encode()
_REFUSED = {
    "malformed": answers.MALFORMED,
    "unknown_role": answers.UNKNOWN_ROLE,
    "not_agreed": answers.NOT_AGREED,
}


class Run:
    """Routes requests; holds what the guest hands over. `finished`: the process may exit.

    Without a policy there is no way to any model; with `served`, what models said before can be
    fetched instead.
    """

    def __init__(
        self, desk: Desk, phase: str, policy: Policy | None, served: Served | None
    ) -> None:
        self._desk = desk
        self._policy = policy
        self._served = served
        schema = desk.grant.score_schema
        self._rows: Rows = Outputs(schema) if phase == wire.GENERATE else Scores(schema)
        self._models = answers.models(policy.roles) if policy else answers.CLOSED
        self._requested = False
        self._told = (0, 0)
        self._over = False  # nothing is taken any more
        self._reported = False  # the event that carries the receipt is written
        self._loop = asyncio.get_running_loop()
        self.finished: asyncio.Future[None] = self._loop.create_future()

    def handle(
        self, guest: GuestConnection, method: bytes, target: bytes, body: bytes
    ) -> Exchange | None:
        """Answer a request, or return what will."""
        desk = self._desk
        if desk.lost:
            return None  # never answered: see Desk
        if not self._requested:
            self._requested = True
            desk.events.emit("first_request")
        if self._policy is None:
            guest.answer(self._fetched(method, target) or self._simple(method, target, body))
        elif target == _CHAT and method == b"POST":
            return self._chat(guest, self._policy, body)
        else:
            guest.answer(self._simple(method, target, body))
        return None

    def progress(self) -> None:
        """Tell how far the run is, if it moved."""
        now = (self._desk.counts.requests, self._rows.rows)
        if now != self._told and not self._over:
            self._told = now
            self._desk.events.emit("progress", requests=now[0], rows=now[1])

    def stop(self) -> None:
        """End on the session's word: settle everything and leave the receipt."""
        if not self._reported:
            self._reported = True
            self._close()
            self._desk.events.receipt(self._desk.receipt())
        self.finish()

    def finish(self) -> None:
        """Let the process exit."""
        if not self.finished.done():
            self.finished.set_result(None)

    def _fetched(self, method: bytes, target: bytes) -> answers.Answer | None:
        """Answer what a scoring guest asks for; None for what it hands over."""
        if target == _GREETING and method == b"GET":
            return answers.NO_CONTENT
        if target in {_CHAT, _MODELS}:
            return answers.CLOSED
        if method != b"GET" or self._served is None or self._over:
            return None
        body = self._served.find(target)
        if body is None:
            return answers.NOT_FOUND
        return answers.Answer(answers.whole(body, keep=True), answers.whole(body, keep=False))

    def _chat(self, guest: GuestConnection, policy: Policy, body: bytes) -> Exchange | None:
        if self._over:
            guest.answer(answers.CLOSED)
            return None
        try:
            prepared = policy.prepare(body)
        except RequestRefused as refused:
            guest.answer(_REFUSED[refused.code])
            return None
        call = Call(self._desk, guest, prepared)
        call.start()
        return call

    def _simple(self, method: bytes, target: bytes, body: bytes) -> answers.Answer:
        if target.startswith(self._rows.prefix) or target == _END:
            if method != b"POST":
                return answers.WRONG_METHOD
            if self._desk.closed:
                return answers.CLOSED
            return self._end(body) if target == _END else self._row(target, body)
        if self._over:
            return answers.CLOSED
        if target == _MODELS:
            return self._models if method == b"GET" else answers.WRONG_METHOD
        return answers.WRONG_METHOD if target == _CHAT else answers.NOT_FOUND

    def _row(self, target: bytes, body: bytes) -> answers.Answer:
        try:
            # What is no ASCII is no sample's name either.
            name = target[len(self._rows.prefix) :].decode("ascii", "replace")
            self._rows.take(name, body)
        except GuestFault as fault:
            self._violated(fault.code)
            return answers.BAD_SCORE
        return answers.NO_CONTENT

    def _end(self, body: bytes) -> answers.Answer:
        try:
            self._rows.close(_count(body))
        except GuestFault as fault:
            self._violated(fault.code)
            return answers.BAD_END
        self._close()
        self._reported = True
        self._rows.tell(self._desk.events, self._desk.receipt())
        self._loop.call_later(self._desk.caps.linger_s, self.finish)
        return answers.NO_CONTENT

    def _violated(self, code: str) -> None:
        self._close()
        self._desk.events.emit("violation", code=code)

    def _close(self) -> None:
        self._over = True
        self._desk.closed = True
        self._desk.cancel_all()


def _count(body: bytes) -> int:
    code, rows = "", None
    try:
        rows = wire.parse_end(body)
    except wire.WireError as error:
        code = str(error.args[0])
    if rows is None:
        raise GuestFault(code)
    return rows
