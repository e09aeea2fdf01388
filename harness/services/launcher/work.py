"""The launcher's work: one method for each call, on the one engine it holds."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import HarnessError
from harness.records import runs
from harness.services import states
from harness.services.launcher import warrant
from harness.services.launcher.waiting import Tell, Waiting, shown
from harness.services.platform import images, selftests
from harness.services.platform.opening import Site
from harness.services.runs import reconcile
from sandbox.container import calls, rundir
from sandbox.container.calls import Call
from sandbox.container.runtime import NO_SUCH_CONTAINER, Engine
from sandbox.errors import PlatformFault
from sandbox.spec import container_name, host_ids

_LONGEST_VERSION: Final = 400

Values = Mapping[str, object]
_LIVE: Final = (states.Run.PREFLIGHT, states.Run.RUNNING)


@dataclass(frozen=True, slots=True)
class _Folder:
    """A run directory with its group, and the lock that tells every sweep to leave it alone."""

    call: Call
    group: int
    held: int


class Launcher:
    """Carries calls out for the processes of one user, `worker`."""

    def __init__(self, site: Site, engine: Engine, worker: int) -> None:
        self._site = site
        self._engine = engine
        self._worker = worker
        self._waiting = Waiting(engine)
        self._ways: Mapping[str, Callable[[Call], Values | None]] = {
            calls.VERSION: self._version,
            calls.ID_OFFSET: self._id_offset,
            calls.LIST: self._list,
            calls.PREFLIGHT: self._preflight,
            calls.FOLDER: self._folder,
            calls.DISCARD: self._discard,
            calls.CREATE: self._create,
            calls.START: self._start,
            calls.INSPECT: self._inspect,
            calls.KILL: self._kill,
            calls.REMOVE: self._remove,
        }
        self._lock = threading.Lock()
        self._testing = threading.Lock()
        # Images of attempts whose preflight has passed here; folders; engine's ids of containers.
        self._ready: dict[tuple[str, int], str] = {}
        self._folders: dict[Path, _Folder] = {}
        self._containers: dict[str, tuple[Call, str]] = {}

    def carry_out(self, call: Call, tell: Tell) -> None:
        """Do it, and `tell` the answer: now, or for a wait later. Raises PlatformFault."""
        if call.name == calls.WAIT:
            self._waiting.add(self._container(call), tell)
        else:
            tell(calls.answer(self._answer(call)))

    def reconcile(self) -> None:
        """Hold engine and folders against the records. Raises HarnessError without records."""
        reconcile.reconcile(self._site, self._engine)
        with self._lock:
            known = {(one.call.run, one.call.attempt) for one in self._folders.values()}
            known |= {(call.run, call.attempt) for call, _ in self._containers.values()}
            known |= self._ready.keys()
        with self._site.database.read() as session:
            rows = {run_id: runs.get(session, run_id) for run_id, _ in known}
        for run_id, attempt in known:
            run = rows[run_id]
            if run is None or run.attempt != attempt or run.state not in _LIVE:
                self._forget(run_id, attempt)

    def _answer(self, call: Call) -> Values:
        values = self._ways[call.name](call)
        return {} if values is None else values

    def _version(self, _call: Call) -> Values:
        return {"version": self._engine.version()[:_LONGEST_VERSION]}

    def _id_offset(self, _call: Call) -> Values:
        return {"offset": self._engine.id_offset()}

    def _inspect(self, call: Call) -> Values:
        return shown(self._engine.inspect(self._container(call)))

    def _discard(self, call: Call) -> None:
        root = self._site.settings.run_root
        self._give_up(rundir.place(root, call.run, call.attempt, call.phase))

    def _start(self, call: Call) -> None:
        warrant.check(self._site, call)
        self._engine.start(self._container(call))

    def _kill(self, call: Call) -> None:
        self._engine.kill(self._container(call))

    def _preflight(self, call: Call) -> Values:
        image = warrant.image_of(self._site, call)
        # One at a time: whoever comes second finds the result of the first.
        with self._testing:
            try:
                digest = selftests.ensure(self._site, image, beat=lambda: None)
            except HarnessError as error:
                code = error.code
            else:
                with self._lock:
                    self._ready[call.run, call.attempt] = image
                return {"selftest": digest}
        raise PlatformFault(f"records_{code}")

    def _folder(self, call: Call) -> None:
        spec = warrant.spec_of(self._site, call)
        ids = host_ids(self._engine.id_offset(), spec.uid, spec.runtime)
        with self._lock:
            if spec.run_dir in self._folders:
                raise PlatformFault("duplicate_folder")
            held = rundir.vacant(spec.run_dir, self._worker, ids.group)
            self._folders[spec.run_dir] = _Folder(call, ids.group, held)

    def _create(self, call: Call) -> None:
        spec = warrant.spec_of(self._site, call)
        with self._lock:
            if self._ready.get((call.run, call.attempt)) != spec.image:
                raise PlatformFault("no_preflight")
            folder = self._folders.get(spec.run_dir)
        if folder is None:
            raise PlatformFault("run_dir_refused")
        rundir.check(spec.run_dir, self._worker, folder.group)
        container = self._engine.create(spec)
        with self._lock:
            self._containers[spec.name] = call, container

    def _remove(self, call: Call) -> None:
        self._engine.remove(self._container(call))
        with self._lock:
            self._containers.pop(container_name(call.run, call.attempt, call.phase), None)

    def _container(self, call: Call) -> str:
        """The engine's id. One of an earlier launcher is looked for, if its run is known."""
        name = container_name(call.run, call.attempt, call.phase)
        with self._lock:
            known = self._containers.get(name)
        if known is not None:
            return known[1]
        warrant.check(self._site, call)
        for found in self._engine.list(images.owner(self._site)):
            if found.name == name and found.identity.run == call.run:
                return found.id
        raise PlatformFault(NO_SUCH_CONTAINER)

    def _list(self, _call: Call) -> Values:
        rows = [
            {
                "name": found.name,
                "run": found.identity.run,
                "attempt": found.identity.attempt,
                "owner": found.identity.owner,
                "deadline": found.identity.deadline,
                "run_dir": str(found.run_dir or ""),
            }
            for found in self._engine.list(images.owner(self._site))
        ]
        return {"containers": rows}

    def _give_up(self, path: Path) -> None:
        with self._lock:
            folder = self._folders.pop(path, None)
        if folder is not None:
            rundir.remove(path, folder.held)

    def _forget(self, run: str, attempt: int) -> None:
        """Let go of what is left of an attempt that is over."""
        with self._lock:
            self._ready.pop((run, attempt), None)
            paths = [
                path
                for path, folder in self._folders.items()
                if (folder.call.run, folder.call.attempt) == (run, attempt)
            ]
            names = [
                name
                for name, (call, _) in self._containers.items()
                if (call.run, call.attempt) == (run, attempt)
            ]
            for name in names:
                del self._containers[name]
        for path in paths:
            self._give_up(path)
