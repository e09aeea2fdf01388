"""The container engine over its HTTP API. The only module that knows docker-py.

Low-level calls with our own request bodies: the friendlier layers of docker-py add the client's
proxy settings to a container's environment and ask more often than needed.
"""

import os
import socket
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException
from docker.transport import UnixHTTPAdapter

from sandbox.container import facts, labels, rundir
from sandbox.container.facts import Facts
from sandbox.container.hardening import create_body, differences
from sandbox.container.runtime import (
    DUPLICATE,
    NO_SUCH_CONTAINER,
    START_REFUSED,
    Found,
    State,
    Status,
)
from sandbox.errors import ControlMissing, EngineUnavailable, ImageRefused, PlatformFault
from sandbox.spec import ContainerSpec, HostIds

_UNIX, _HTTP = "unix://", "http+"
_DEFAULT_URL = _UNIX + "/var/run/docker.sock"
_TIMEOUT_S = 60
_LOAD_TIMEOUT_S = 600
_CHUNK = 1 << 20
_TELLS_WITHIN_S = 2
_BAD_REQUEST, _NOT_FOUND, _CONFLICT = 400, 404, 409
_STATUS = {"created": Status.CREATED, "exited": Status.EXITED, "dead": Status.EXITED}

# Asking for the API's version costs a call; an engine keeps it until it is replaced.
_versions: dict[str, str] = {}


class DockerRuntime:
    """Keeps the contract of `sandbox.container.runtime.Engine` with a Docker Engine.

    One connection per thread, so that a blocked `wait` holds up nobody; they are closed when
    the object goes.
    """

    def __init__(self, base_url: str | None = None) -> None:
        self._url = base_url or os.environ.get("DOCKER_HOST") or _DEFAULT_URL
        self._local = threading.local()
        self._clients: list[docker.APIClient] = []
        weakref.finalize(self, _close, self._clients)

    def facts(self) -> Facts:
        """Read what the engine says of itself and its host; see the contract."""
        with _engine():
            client = self._client()
            return facts.read(client.version(), client.info())

    def version(self) -> str:
        """Name engine, low-level runtime and kernel with their versions."""
        return self.facts().line

    def id_offset(self) -> int:
        """Host id of a container's id 0; see the contract."""
        with _engine():
            told = self._client().info()
        found = facts.read({}, told).id_offset
        if found is None:
            raise ControlMissing(
                "id_map_unknown",
                "the engine maps users in a way that Assay cannot tell: use userns-remap with one "
                "range, the same in /etc/subuid and /etc/subgid",
            )
        return found

    def create(self, spec: ContainerSpec) -> str:
        """Make a container; see the contract."""
        body = create_body(spec)
        with _engine(
            {
                _CONFLICT: PlatformFault(DUPLICATE),
                _NOT_FOUND: ImageRefused(("no such image",)),
                _BAD_REQUEST: ControlMissing("spec_refused", "the engine refused the run spec"),
            }
        ):
            made = self._client().create_container_from_config(body, spec.name)  # type: ignore[no-untyped-call]
        container = str(made["Id"])
        try:
            self._check(container, body, made.get("Warnings") or [])
        except PlatformFault:
            self.remove(container)
            raise
        return container

    def _check(self, container: str, body: dict[str, Any], warnings: list[str]) -> None:
        # A control that the kernel lacks is dropped with a warning and nothing else.
        if warnings:
            raise ControlMissing("engine_warned", "the engine warned: " + "; ".join(warnings))
        with _engine():
            shown = self._client().inspect_container(container)
        if wrong := differences(body, shown):
            raise ControlMissing("control_missing", "not as asked: " + ", ".join(wrong))

    def start(self, container: str) -> None:
        """Let it run; see the contract."""
        refused = PlatformFault(START_REFUSED)
        missing = PlatformFault(NO_SUCH_CONTAINER)
        with _engine({_NOT_FOUND: missing}, refused):
            self._client().start(container)

    def wait(self, container: str) -> State:
        """Block until it has exited; see the contract."""
        # On a connection of its own: this blocks for as long as the container runs.
        with (
            _engine({_NOT_FOUND: PlatformFault(NO_SUCH_CONTAINER)}),
            closing(self._open(_TIMEOUT_S)) as client,
        ):
            client.wait(container, timeout=None)
            # An engine that is being stopped ends its containers in good order, and tells of it
            # on connections that are open; new ones it takes no more.
            _knock(self._url)
            return _state(client, container)

    def inspect(self, container: str) -> State:
        """Look at it now; see the contract."""
        with _engine({_NOT_FOUND: PlatformFault(NO_SUCH_CONTAINER)}):
            return _state(self._client(), container)

    def shown(self, container: str) -> Mapping[str, Any]:
        """Everything that the engine says of a container; see the contract."""
        with _engine({_NOT_FOUND: PlatformFault(NO_SUCH_CONTAINER)}):
            found: Mapping[str, Any] = self._client().inspect_container(container)
        return found

    def kill(self, container: str) -> None:
        """Kill it; see the contract."""
        with _engine({_NOT_FOUND: None, _CONFLICT: None}):
            self._client().kill(container, "SIGKILL")

    def remove(self, container: str) -> None:
        """Remove it; see the contract."""
        busy = False
        with _engine({_NOT_FOUND: None}):
            try:
                self._client().remove_container(container, v=True, force=True)
            except APIError as error:
                busy = error.status_code == _CONFLICT
                if not busy:
                    raise
        if busy:  # somebody else is removing it
            with _engine({_NOT_FOUND: None}):
                self._client().wait(container, timeout=_TIMEOUT_S, condition="removed")

    def folder(
        self, spec: ContainerSpec, ids: HostIds, files: Mapping[str, bytes]
    ) -> AbstractContextManager[None]:
        """Make the run directory; see the contract."""
        return rundir.folder(spec.run_dir, ids.group, files, ids.owner)

    def list(self, owner: str) -> tuple[Found, ...]:
        """Find every container of an owner; see the contract."""
        with _engine():
            rows = self._client().containers(
                all=True, filters={"label": [f"{labels.OWNER}={owner}"]}
            )
        return tuple(
            Found(
                id=row["Id"],
                name=row["Names"][0].removeprefix("/"),
                identity=identity,
                run_dir=_source(row.get("Mounts") or []),
            )
            for row in rows
            if (identity := labels.identity(row.get("Labels") or {})) is not None
        )

    def image(self, image_id: str) -> Mapping[str, Any] | None:
        """Read what the engine says of an image; None when it is absent."""
        found: list[Mapping[str, Any]] = []
        with _engine({_NOT_FOUND: None}):
            found.append(self._client().inspect_image(image_id))  # type: ignore[no-untyped-call]
        return found[0] if found else None

    def images(self, label: str, value: str) -> tuple[str, ...]:
        """Ids of the images that carry a label with this value."""
        with _engine():
            rows = self._client().images(all=True, filters={"label": [f"{label}={value}"]})
        return tuple(str(row["Id"]) for row in rows)

    def load_image(self, archive: Path) -> None:
        """Load an image archive; see the contract."""
        with (
            archive.open("rb") as stream,
            _engine(),
            closing(self._open(_LOAD_TIMEOUT_S)) as client,
        ):
            told = list(client.load_image(stream, quiet=True))  # type: ignore[no-untyped-call]
        if any("error" in line for line in told):
            raise PlatformFault("load_refused", "the engine refused the image archive")

    def save_image(self, image_id: str, archive: Path) -> None:
        """Write an image as an archive."""
        if self.image(image_id) is None:
            raise ImageRefused(("no such image",))
        with archive.open("wb") as stream, _engine():
            for chunk in self._client().get_image(image_id, chunk_size=_CHUNK):
                stream.write(chunk)

    def remove_image(self, image_id: str) -> None:
        """Remove an image; no error when it is absent."""
        with _engine({_NOT_FOUND: None}):
            self._client().remove_image(image_id, force=True)

    def _client(self) -> docker.APIClient:
        client: docker.APIClient | None = getattr(self._local, "client", None)
        if client is None:
            client = self._open(_TIMEOUT_S)
            self._local.client = client
            self._clients.append(client)
        else:
            _knock(self._url)  # its connection may have gone with the engine
        return client

    def _open(self, timeout_s: int) -> docker.APIClient:
        _knock(self._url)
        version = _versions.get(self._url, "auto")
        client = docker.APIClient(self._url, version=version, timeout=timeout_s)
        _versions[self._url] = client.api_version
        if self._url.startswith(_UNIX):
            client.close()  # the connection that asked for the version
            client.mount("http+docker://", _OneConnection(_HTTP + self._url, timeout_s))
        return client


class _OneConnection(UnixHTTPAdapter):
    """Keeps one connection to the engine; docker-py's own keeps one for each path ever asked."""

    def get_connection(self, url: str | bytes, proxies: Any = None) -> Any:
        del url
        return super().get_connection(_HTTP, proxies)


def _state(client: docker.APIClient, container: str) -> State:
    shown = client.inspect_container(container)["State"]
    status = _STATUS.get(shown["Status"], Status.RUNNING)
    code, oom = int(shown["ExitCode"]), bool(shown["OOMKilled"])
    # Nobody who ended in good order is kept waiting for a second or two.
    if status is Status.EXITED and code and not oom:
        oom = _heard_of_memory(client, container, shown)
    return State(status, code, oom)


def _heard_of_memory(client: docker.APIClient, container: str, shown: Mapping[str, Any]) -> bool:
    """Whether the engine heard that memory was the reason only when the container had ended.

    Both messages come from different threads of its shim. In the wrong order, which a busy host
    makes of one in twenty, the second is told as an event and never shown.
    """
    heard = client.events(
        since=_seconds(shown["StartedAt"]),
        until=_seconds(shown["FinishedAt"]) + _TELLS_WITHIN_S,
        filters={"type": "container", "event": "oom", "container": container},
    )
    return any([*heard])  # to the end, so that the connection can be used again


def _seconds(moment: str) -> int:
    """Whole seconds since the Unix epoch, of the engine's time in RFC 3339."""
    return max(0, int(datetime.fromisoformat(moment).timestamp()))


def _knock(url: str) -> None:
    # docker-py loses the socket of a connection that fails; try one of our own first.
    if not url.startswith(_UNIX):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
        end.settimeout(_TIMEOUT_S)
        try:
            end.connect(url.removeprefix(_UNIX))
        except OSError:
            raise DockerException from None


def _close(clients: list[docker.APIClient]) -> None:
    for client in clients:
        client.close()


def _source(mounts: list[dict[str, Any]]) -> Path | None:
    return Path(mounts[0]["Source"]) if len(mounts) == 1 and "Source" in mounts[0] else None


@contextmanager
def _engine(
    meanings: Mapping[int, PlatformFault | None] | None = None,
    otherwise: PlatformFault | None = None,
) -> Iterator[None]:
    """Give the engine's answers our meaning; None for a status that is no error here."""
    fault: PlatformFault | None = None
    try:
        yield
    except APIError as error:
        status = error.status_code or 0
        fault = otherwise or PlatformFault("engine_refused", f"the engine said {status}")
        if meanings and status in meanings:
            fault = meanings[status]
    except (DockerException, requests.exceptions.RequestException):
        fault = EngineUnavailable("engine_unavailable", "the container engine does not answer")
    # Raised out here, so that no context carries the engine's own text.
    if fault is not None:
        raise fault
