"""A worker in a process of its own: carries out one session with a guest that never ends."""

import sys
from dataclasses import replace
from pathlib import Path

from sandbox.container.docker import DockerRuntime
from tests.integration.sandbox.guests import asset, carry_out, spec_of


def main(image: str, run_root: str, owner: str, attack: str = "") -> None:
    guest = asset(attack) if attack else "while True: time.sleep(1)"
    spec = spec_of(image, Path(run_root), "http://127.0.0.1:9/v1", guest)
    spec = replace(spec, owner=owner)
    sys.stdout.write(spec.grant.run + "\n")
    sys.stdout.flush()
    carry_out(spec, DockerRuntime())


if __name__ == "__main__":
    main(*sys.argv[1:])
