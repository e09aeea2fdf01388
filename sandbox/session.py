"""One sandboxed run: gateway up, container up, rows drained, everything down again.

Container and gateway share only a socket in the run's folder. The session alone knows both.
A run in two stages does so twice: the second container sees what the first could not, the answer
keys, and the first saw what the second cannot, a way to the model.
Whatever ends a run, its container, process and folder are gone when `run` returns.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from evals import wire
from sandbox.container.docker import DockerRuntime
from sandbox.container.rundir import RUN_FILE, SOCKET, SUITE, place
from sandbox.container.runtime import ContainerRuntime, State, Status
from sandbox.errors import EngineUnavailable, PlatformFault
from sandbox.gateway import process as gateway
from sandbox.gateway.caps import Caps
from sandbox.gateway.grant import Order
from sandbox.gateway.process import Event, GatewayProcess
from sandbox.spec import (
    CONTAINER_KILLED,
    ContainerSpec,
    Ending,
    Held,
    Score,
    SessionCallbacks,
    SessionResult,
    SessionSpec,
    Stage,
    UsageReceipt,
    host_ids,
)

_LOOK_S: Final = 0.25
_LISTEN_S: Final = 20.0
_KILLED: Final = 137


class _Ended(Exception):
    """The run is over."""

    def __init__(self, ending: Ending, code: str) -> None:
        self.ending = ending
        self.code = code


@dataclass(slots=True)
class _Watch:
    """The container's end, waited for in a thread of its own."""

    runtime: ContainerRuntime
    container: str
    state: State | None = None
    lost: bool = False
    done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Wait until the container has ended; removing it ends the wait too."""
        try:
            self.state = self.runtime.wait(self.container)
        except PlatformFault:
            self.lost = True
        self.done.set()


@dataclass(slots=True)
class _Progress:
    """What the loop has learnt from the gateway's events."""

    listening: bool = False
    reply_reached: bool = False
    outputs: list[Held] = field(default_factory=list)
    scores: tuple[Score, ...] = ()
    receipt: UsageReceipt | None = None


def run(
    spec: SessionSpec, callbacks: SessionCallbacks, runtime: ContainerRuntime | None = None
) -> SessionResult:
    """Carry one run out and say how it ended. Faults become endings; nothing is raised for them."""
    engine = runtime or DockerRuntime()
    ended, seen = _stage(spec, spec.stages[0], callbacks, engine, ())
    scored = seen
    # What the vendor pays for was counted; scoring only keeps the lease.
    quiet = replace(callbacks, progress=lambda _requests, _rows: None)
    for stage in spec.stages[1:]:
        if ended.ending is Ending.COMPLETE:
            # Everything of the stage before is gone: no gateway is open where the keys are.
            ended, scored = _stage(spec, stage, quiet, engine, tuple(seen.outputs))
    complete = ended.ending is Ending.COMPLETE
    return SessionResult(
        ending=ended.ending,
        code=ended.code,
        reply_reached_guest=seen.reply_reached,
        scores=scored.scores if complete else (),
        receipt=seen.receipt,
    )


def _stage(
    spec: SessionSpec,
    stage: Stage,
    callbacks: SessionCallbacks,
    engine: ContainerRuntime,
    outputs: tuple[Held, ...],
) -> tuple[_Ended, _Progress]:
    seen = _Progress()
    with ExitStack() as stack:
        try:
            _run(spec, stage, callbacks, engine, outputs, seen, stack)
            ended = _Ended(Ending.GATEWAY_LOST, "loop_left")
        except _Ended as over:
            ended = over
        except EngineUnavailable as fault:
            ended = _Ended(Ending.ENGINE_LOST, fault.code)
        except PlatformFault as fault:
            ended = _Ended(Ending.START_REFUSED, fault.code)
    return ended, seen


def _run(
    spec: SessionSpec,
    stage: Stage,
    callbacks: SessionCallbacks,
    engine: ContainerRuntime,
    outputs: tuple[Held, ...],
    seen: _Progress,
    stack: ExitStack,
) -> None:
    ids = host_ids(engine.id_offset(), 20_000 + spec.slot, spec.runtime)
    files = {f"{SUITE}/{name}": content for name, content in stage.suite_files.items()}
    container_spec = ContainerSpec(
        run=spec.grant.run,
        attempt=spec.attempt,
        owner=spec.owner,
        image=spec.image,
        slot=spec.slot,
        run_dir=place(spec.run_root, spec.grant.run, spec.attempt, stage.phase),
        deadline=spec.grant.not_after,
        limits=spec.limits,
        runtime=spec.runtime,
        phase=stage.phase,
    )
    stack.enter_context(engine.folder(container_spec, ids, {RUN_FILE: stage.run_file, **files}))
    scoring = stage.phase == wire.SCORE
    order = Order(
        grant=replace(spec.grant, endpoints=()) if scoring else spec.grant,
        credentials={} if scoring else spec.credentials,
        socket=str(container_spec.run_dir / SOCKET),
        uid=ids.peer,
        owner=ids.owner,
        group=ids.group,
        await_ack=True,
        phase=stage.phase,
        outputs=outputs,
        # The scoring process itself, connected before any suite code runs, and nobody else.
        caps=Caps(connections=1) if scoring else Caps(),
    )
    # The gateway's interpreter starts while the engine makes the container.
    process = GatewayProcess(order)
    stack.enter_context(_closing(process, seen))
    container = engine.create(container_spec)
    stack.callback(_remove, engine, container)
    # The guest waits for the socket; nobody waits for the gateway here.
    engine.start(container)
    watch = _Watch(engine, container)
    # Whatever ends the loop, no call is admitted while the container is being removed.
    stack.callback(process.ask_stop)
    threading.Thread(target=watch.run, daemon=True).start()
    _loop(spec, callbacks, process, watch, seen)


def _loop(
    spec: SessionSpec,
    callbacks: SessionCallbacks,
    process: GatewayProcess,
    watch: _Watch,
    seen: _Progress,
) -> None:
    listen_by = time.monotonic() + _LISTEN_S
    while True:
        # Looked at before the events: an end record precedes the container's own end.
        over = watch.done.is_set()
        for event in process.rest() if over else process.events(_LOOK_S):
            _take(event, callbacks, process, seen)
        if over:
            raise _of_container(watch)
        if process.ended:
            raise _Ended(Ending.GATEWAY_LOST, "events_ended")
        if not seen.listening and time.monotonic() > listen_by:
            raise _Ended(Ending.GATEWAY_LOST, "not_listening")
        if time.time() >= spec.grant.not_after:
            # Recorded before the kill: the engine has no deadline of its own to tell of.
            raise _Ended(Ending.DEADLINE, "deadline")
        if callbacks.should_stop():
            raise _Ended(Ending.STOPPED, "asked")


def _take(
    event: Event, callbacks: SessionCallbacks, process: GatewayProcess, seen: _Progress
) -> None:
    """Act on one event of the gateway's closed vocabulary."""
    kind = event["event"]
    if kind == "listening":
        seen.listening = True
    elif kind == "first_reply":
        seen.reply_reached = True
        callbacks.reply_reached()
        process.acknowledge()
    elif kind == "progress":
        callbacks.progress(event["requests"], event["rows"])
    elif kind == "violation":
        raise _Ended(Ending.GUEST_FAULT, event["code"])
    elif kind == "over_budget":
        # The guest may ask once more before the clock is looked at here: the same ending.
        over = Ending.DEADLINE if event["code"] == "window" else Ending.OVER_BUDGET
        raise _Ended(over, event["code"])
    elif kind == "vendor_down":
        raise _Ended(Ending.VENDOR_DOWN, kind)
    elif kind == "receipt":
        seen.receipt = gateway.receipt(event)
    elif kind == "outputs":
        seen.outputs.extend(Held(sample, epoch, text) for sample, epoch, text in _texts(event))
    elif kind == "end":
        seen.receipt = gateway.receipt(event)
        seen.scores = tuple(
            Score(sample, epoch, tuple(values)) for sample, epoch, values in event["scores"]
        )
        callbacks.progress(seen.receipt.requests, event["rows"])
        raise _Ended(Ending.COMPLETE, "end")


def _texts(event: Event) -> Iterator[tuple[int, int, str | None]]:
    for one in event["outputs"]:
        yield one["sample"], one["epoch"], one["text"]


def _of_container(watch: _Watch) -> _Ended:
    """How a run ended whose container ended without an end record."""
    state = watch.state
    if watch.lost or state is None or state.status is not Status.EXITED:
        return _Ended(Ending.ENGINE_LOST, "container_gone")
    if state.oom:
        return _Ended(Ending.OOM, "oom")
    if state.exit_code == _KILLED:
        # Not killed by us and not for memory: the engine died and took it along.
        return _Ended(Ending.ENGINE_LOST, CONTAINER_KILLED)
    return _Ended(Ending.GUEST_FAULT, "no_end")


@contextmanager
def _closing(process: GatewayProcess, seen: _Progress) -> Iterator[None]:
    """End the gateway in any case, and keep its receipt if there is none yet."""
    try:
        yield
    finally:
        try:
            for event in process.rest() if seen.receipt is None else ():
                if "receipt" in event:
                    seen.receipt = gateway.receipt(event)
        finally:
            process.close()


def _remove(engine: ContainerRuntime, container: str) -> None:
    try:
        engine.remove(container)
    except PlatformFault:
        # The engine is away; the reaper removes the container when it is back.
        return
