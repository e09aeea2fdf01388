"""`assay launcher`: the one process that holds the container engine."""

import signal
import threading
from types import FrameType
from typing import Annotated

import typer

from harness import config
from harness.cli import output
from harness.services.launcher import service
from harness.services.platform import logs


def launcher(
    *,
    user: Annotated[
        str, typer.Option("--user", metavar="USER", help="Whose processes are heard, beside root.")
    ] = "",
) -> None:
    """Hold the container engine for worker and web, which then need none; stops on Ctrl-C."""
    settings = config.load()
    who = service.worker(user)
    logs.begin("launcher")
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    def ready() -> None:
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        output.note(f"launcher at {settings.launcher}, for user {who.uid}")

    service.serve(settings, who, stopping, ready)
