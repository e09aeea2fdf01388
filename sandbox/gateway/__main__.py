"""The gateway process: `python -m sandbox.gateway --grant-fd N --events-fd N --control-fd N`.

The order, with its secrets, comes over the first pipe; argv and environment carry none. The
process ends with its parent: the control pipe then reaches its end. Exit status: 0 after the
end record or a stop, 2 for an order that cannot be enforced, 70 for a fault of its own.
"""

import argparse
import asyncio
import contextlib
import ctypes
import gc
import os
import resource
import signal
import socket
import ssl
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

import uvloop

from evals import wire
from sandbox.gateway.desk import Desk
from sandbox.gateway.events import Events
from sandbox.gateway.grant import GrantInvalid, Order, decode
from sandbox.gateway.policy import Policy
from sandbox.gateway.providers import openai
from sandbox.gateway.providers.base import Route
from sandbox.gateway.rows import Served
from sandbox.gateway.run import Run
from sandbox.gateway.server import Front
from sandbox.gateway.upstream import Pool

_EX_REFUSED = 2
_EX_SOFTWARE = 70
_PR_SET_DUMPABLE = 4
_ACK = ord("A")
_BACKLOG = 512


def main() -> int:
    """Run one gateway. Returns the exit status."""
    sys.excepthook = _fatal
    arguments = _arguments()
    _harden()
    try:
        order = decode(_read_all(arguments.grant_fd))
        routes = _routes(order)
        policy = None if order.phase == wire.SCORE else Policy(order.grant, routes)
    except GrantInvalid as refused:
        _complain(f"refused: {refused.code}")
        return _EX_REFUSED
    events = Events(arguments.events_fd)
    try:
        uvloop.run(_serve(order, routes, policy, events, arguments.control_fd))
    except Exception as error:  # noqa: BLE001 - the traceback's text must not be printed
        _fatal(type(error), error, error.__traceback__)
        return _EX_SOFTWARE
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox.gateway", description=__doc__)
    for name in ("--grant-fd", "--events-fd", "--control-fd"):
        parser.add_argument(name, type=int, required=True, metavar="N")
    return parser.parse_args()


def _harden() -> None:
    """Leave no core file, and no way for a process of the same user to read our memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _read_all(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as pipe:
        return pipe.read()


def _routes(order: Order) -> dict[str, Route]:
    routes: dict[str, Route] = {}
    for endpoint in order.grant.endpoints:
        if endpoint.dialect != openai.DIALECT:
            raise GrantInvalid("dialect")
        routes[endpoint.role] = openai.route(endpoint, order.credentials[endpoint.role])
    return routes


async def _serve(
    order: Order, routes: dict[str, Route], policy: Policy | None, events: Events, control: int
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_on_exception)
    pool = Pool(order.caps, _tls() if any(r.address.tls for r in routes.values()) else None)
    desk = Desk(order.grant, order.caps, events, pool, await_ack=order.await_ack)
    served = None if policy else Served(order.grant.score_schema, order.outputs)
    run = Run(desk, order.phase, policy, served)
    front = Front(order.caps, order.uid, run.handle)
    server = await loop.create_unix_server(front.accept, sock=_listen(order), backlog=_BACKLOG)
    loop.add_signal_handler(signal.SIGTERM, run.stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the session's to handle
    loop.add_reader(control, _on_control, control, desk, run)
    ticking = loop.create_task(_tick(desk, front, run))
    _settle_memory()
    events.emit("listening")
    await asyncio.wait({run.finished, ticking}, return_when=asyncio.FIRST_COMPLETED)
    if ticking.done():
        ticking.result()  # it never ends by itself: raise what ended it
    ticking.cancel()
    server.close()
    front.close()
    pool.close()


def _listen(order: Order) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    path = Path(order.socket)
    unready = path.with_suffix(".new")
    before = os.umask(0o777)  # nobody connects between bind and the mode below
    try:
        listener.bind(str(unready))
    finally:
        os.umask(before)
    if os.geteuid() == 0:
        os.chown(unready, order.owner, order.group)
    unready.chmod(0o660)
    listener.listen(_BACKLOG)
    # The guest looks for this name from its start and may take a refusal for the end.
    unready.rename(path)
    return listener


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


async def _tick(desk: Desk, front: Front, run: Run) -> None:
    loop = asyncio.get_running_loop()
    told = loop.time()
    while True:
        await asyncio.sleep(desk.caps.sweep_s)
        now = loop.time()
        desk.pool.sweep(now)
        front.sweep(now)
        desk.pump()  # the window may have ended for those who wait
        if now >= told + desk.caps.progress_s:
            told = now
            run.progress()


def _on_control(control: int, desk: Desk, run: Run) -> None:
    said = os.read(control, 64)
    if _ACK in said:
        desk.acknowledged()
    if not said or said.strip(b"A"):
        asyncio.get_running_loop().remove_reader(control)
        run.stop()


def _settle_memory() -> None:
    # What exists now lives as long as the process; collecting it again and again is waste.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _on_exception(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> NoReturn:
    error = context.get("exception")
    try:
        if isinstance(error, BaseException):
            _fatal(type(error), error, error.__traceback__)
        else:
            _complain("internal error")
    finally:
        os._exit(_EX_SOFTWARE)


def _fatal(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    # A message or a value could carry a guest's or a vendor's text; a type and a line cannot.
    del error
    frames = traceback.extract_tb(trace)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "start"
    _complain(f"internal error: {kind.__name__} at {where}")


def _complain(text: str) -> None:
    with contextlib.suppress(OSError):  # who would read it may be gone
        os.write(2, f"gateway: {text}\n".encode())


if __name__ == "__main__":
    sys.exit(main())
