"""P9: pages of ours over a bare Starlette page with the same template, and what keeping saves.

One process, one request after the other, straight through ASGI: no network on either side. Ours
looks up who is signed in, checks what they may see and asks the database for it; the bare page
renders the same template with the same rows, which it was given beforehand. Time is that of the
processor, all threads included, so that what else runs on the machine weighs on neither side.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message

from benchmarks.figures import Figure, Goal, Options, take_turns
from harness.paging import Window
from harness.services.access import Actor
from harness.services.agreements.terms import Terms
from harness.services.parties import sessions
from harness.services.publication import lists, reports
from tests.support import released
from tests.support import world as worlds
from tests.support.service import desk_of, member, signed_in
from web.app import create_app
from web.auth import Visit, csrf_of
from web.rendering import render
from web.views.pages import reports as report_pages

_ROWS = 50
_RUNS_EACH = 10
# Short turns, and many: a machine that is busy for a moment is so for both sides.
_REQUESTS = 8
_TURNS = 10
_HOST = b"127.0.0.1:8000"
_AUDITOR = Actor(worlds.AUDITOR, "auditor")


class _Served(NamedTuple):
    """Both applications, and whose session asks."""

    ours: ASGIApp
    bare: ASGIApp
    cookie: str
    report: str


def measure(options: Options) -> Sequence[Figure]:
    """Fill a world with runs and a report, and ask for its pages in turns with bare ones."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        options.say(f"P9: reserving {_ROWS} runs")
        with _served(Path(folder)) as served:
            return [
                _over_bare(served, "/runs", f"list of {_ROWS} runs", options),
                _over_bare(served, served.report, "report page, unchanged", options),
                _over_made(served, options),
            ]


def _over_bare(served: _Served, path: str, what: str, options: Options) -> Figure:
    ours = _asking(served.ours, path, served.cookie)
    return _figure(what, ours, _asking(served.bare, path, served.cookie), 0.6, options, "")


def _over_made(served: _Served, options: Options) -> Figure:
    def forget() -> None:
        report_pages.pages.clear()

    kept = _asking(served.ours, served.report, served.cookie)
    made = _asking(served.ours, served.report, served.cookie, forget)
    note = "peer: made anew, its bundle verified"
    return _figure("unchanged report page over one made anew", kept, made, 5, options, note)


def _figure(
    what: str,
    ours: Callable[[], float],
    peer: Callable[[], float],
    least: float,
    options: Options,
    note: str,
) -> Figure:
    rounds = options.rounds * _TURNS
    turns = take_turns(ours, peer, rounds)
    return Figure(
        what=what,
        unit="pages/s",
        ours=sorted(turns.ours)[len(turns.ours) // 2],
        peer=sorted(turns.peer)[len(turns.peer) // 2],
        bound=None,
        judged=turns.ratio,
        goal=Goal(least, at_least=True),
        rounds=rounds,
        note=note,
    )


def _asking(
    app: ASGIApp,
    path: str,
    cookie: str,
    before: Callable[[], None] = lambda: None,
) -> Callable[[], float]:
    """A turn: ask for a page again and again; pages per second of one processor."""

    async def all_of_them() -> float:
        spent = 0.0
        # The first request of a loop also starts its threads.
        await _ask(app, path, cookie)
        for _ in range(_REQUESTS):
            before()
            began = time.process_time()
            await _ask(app, path, cookie)
            spent += time.process_time() - began
        return _REQUESTS / spent

    return lambda: asyncio.run(all_of_them())


async def _ask(app: ASGIApp, path: str, cookie: str) -> bytes:
    sent: list[Message] = []
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", _HOST), (b"cookie", cookie.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    if sent[0]["status"] != 200:
        raise RuntimeError(f"{path} was answered with {sent[0]['status']}")
    return b"".join(message.get("body", b"") for message in sent[1:])


@contextmanager
def _served(folder: Path) -> Iterator[_Served]:
    world, run = _world(folder / "data")
    ((name, secret),) = signed_in(world, member(world, worlds.AUDITOR)).items()
    desk = desk_of(world)
    ours = create_app(desk, {}, sweep=False)
    path = f"/reports/{run}"
    bare = _bare(world, secret, path, run)
    served = _Served(ours, bare, f"{name}={secret}", path)
    for page in ("/runs", path):
        mine, theirs = (asyncio.run(_ask(app, page, served.cookie)) for app in (ours, bare))
        if mine != theirs:
            raise RuntimeError(f"the bare page differs from {page}")
    try:
        yield served
    finally:
        desk.close()


def _world(folder: Path) -> tuple[worlds.World, str]:
    """Runs of several protocols, the last of them released; the clock stands after its slot."""
    world = worlds.make(folder)
    world.image()
    world.model()
    suite = world.suite(worlds.suite_files(worlds.simple_questions(40)))
    run = ""
    for number in range(_ROWS // _RUNS_EACH):
        terms = Terms(title=f"Evaluation {number}", runs=_RUNS_EACH, release="on_completion")
        protocol = world.agree(suite, terms)
        for _ in range(_RUNS_EACH):
            run = world.reserve(protocol)
    return released.at(world, released.release(world, run) + 1), run


def _bare(world: worlds.World, secret: str, path: str, run: str) -> ASGIApp:
    with world.platform.database.read() as session:
        signed = sessions.look(session, world.platform, secret)
        assert signed is not None
        rows = lists.attempts(session, world.platform, _AUDITOR, Window(_ROWS)).rows
        reading = reports.reading(session, world.platform, _AUDITOR, run)
        proof = reports.proof(session, world.platform, _AUDITOR, run)
    body = report_pages.body
    title = reading.protocol.identity.title

    def known(request: Request) -> Request:
        request.state.signed, request.state.csrf = signed, csrf_of(Visit(signed, secret))
        return request

    async def listed(request: Request) -> Response:
        shown = {"rows": rows, "older": None, "first": True, "role": "auditor"}
        return render(known(request), "runs.html", **shown)

    async def report(request: Request) -> Response:
        return render(known(request), "report.html", title=title, body=body(reading, proof))

    return Starlette(routes=[Route("/runs", listed), Route(path, report)])
