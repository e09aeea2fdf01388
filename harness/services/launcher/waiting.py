"""Waiting for containers: one thread for each container, however many ask."""

import threading
from collections.abc import Callable, Mapping
from typing import Final

from sandbox.container import calls
from sandbox.container.runtime import ContainerRuntime, State
from sandbox.errors import PlatformFault

_MOST: Final = 4

Tell = Callable[[bytes], None]


def shown(state: State) -> Mapping[str, object]:
    """A container's state as an answer carries it."""
    return {"status": state.status, "exit_code": state.exit_code, "oom": state.oom}


class Waiting:
    """Who waits for the end of which container."""

    def __init__(self, engine: ContainerRuntime) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._waiting: dict[str, list[Tell]] = {}

    def add(self, container: str, tell: Tell) -> None:
        """Have `tell` called once with the answer. Raises PlatformFault `busy` beyond a few."""
        with self._lock:
            waiting = self._waiting.setdefault(container, [])
            if len(waiting) >= _MOST:
                raise PlatformFault("busy")
            waiting.append(tell)
            if len(waiting) > 1:
                return
        threading.Thread(target=self._wait, args=(container,), daemon=True).start()

    def _wait(self, container: str) -> None:
        line = calls.refusal(PlatformFault("launcher_fault"))
        try:
            line = calls.answer(shown(self._engine.wait(container)))
        except PlatformFault as fault:
            line = calls.refusal(fault)
        finally:
            with self._lock:
                waiting = self._waiting.pop(container)
            for tell in waiting:
                tell(line)
