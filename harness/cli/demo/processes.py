"""Processes of the demonstration: the vendor's server and a worker, ended with it."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.cli.demo.vendor import model_file
from harness.errors import Unavailable

_STOP_S = 30.0


@contextmanager
def vendor(log: Path) -> Iterator[tuple[str, str]]:
    """Serve the model; its address and the API key it asks for."""
    try:
        model_file()
    except FileNotFoundError as error:
        raise Unavailable(str(error)) from None
    key = f"demo-{secrets.token_urlsafe(24)}"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            (sys.executable, "-m", "harness.cli.demo.vendor"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
        )
    if process.stdin is None or process.stdout is None:
        raise Unavailable("the model's process has no pipes")
    try:
        process.stdin.write(f"{key}\n")
        process.stdin.flush()
        address = process.stdout.readline().strip()
        if not address:
            raise Unavailable(f"the model did not start; see {log}")
        yield address, key
    finally:
        process.stdin.close()
        _end(process)


@contextmanager
def worker(data_dir: Path, log: Path) -> Iterator[None]:
    """Run `assay worker` on a data folder."""
    environment = {**os.environ, "ASSAY_DATA_DIR": str(data_dir)}
    with log.open("wb") as stream:
        process = subprocess.Popen(
            (sys.executable, "-m", "harness.cli.main", "worker"),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env=environment,
        )
    try:
        yield
    finally:
        process.terminate()
        _end(process)


def _end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
