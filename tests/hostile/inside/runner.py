"""Takes the place of `evals.runner` in an image: a suite's program in a container of its own.

What the model answers to the first call names the program and says the secret, so that one agreement
and one reserved run serve for all of them.
"""

import importlib
import os
import signal
import socket
import sys
import time

RUN_DIR, RUN_FILE, SOCKET, SUITE_DIR = "/assay", "run.json", "gateway.sock", "suite"
SUITES = "bytes_on_the_socket calls encoders endings names notes numbers rows texts".split()
# A second of the game takes so long here.
SECOND_S = 0.05
REPLY_S, SILENCE_S = 30.0, 0.3
DEADLY = range(129, 129 + 64)


def main(run_dir=RUN_DIR, feeder=None):
    guest = _guest(run_dir)
    name, _, said = guest.ask().partition(" ")
    for suite in SUITES:
        importlib.import_module(f"tests.hostile.suites.{suite}")
    from tests.hostile.game.guest import Dead
    from tests.hostile.game.suite import PROGRAMS

    # A name may say how long a second is: `sleep/1.0`.
    name, _, second_s = name.partition("/")
    if second_s:
        guest.second_s = float(second_s)
    try:
        PROGRAMS[name](guest, int(said or "0", 2))
    except Dead as dead:
        _die(dead.death)
    return 0


def _die(death):
    if death.oom:
        hoard = []
        while True:
            hoard.append(bytearray(b"\1" * (1 << 24)))
    if death.exit_code in DEADLY:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), death.exit_code - 128)
        time.sleep(1)  # a signal that ends nobody
    os._exit(death.exit_code)


def _guest(run_dir):
    from evals import suite as suites
    from tests.hostile.game.guest import Guest

    told = suites.open_suite(f"{run_dir}/{SUITE_DIR}").manifest
    path = f"{run_dir}/{SOCKET}"
    while not os.path.exists(path):
        time.sleep(0.01)  # the gateway starts beside the container

    class Field:
        def __init__(self, metric):
            self.metric, self.lo = metric.id, metric.lo

    class Schema:
        sample_ids = tuple(sample.id for sample in told.samples)
        fields = tuple(Field(metric) for metric in told.metrics)
        epochs = 1

    class Inside(Guest):
        """The same hands on a real socket, a real clock."""

        def __init__(self):
            self.second_s = SECOND_S
            self._sockets = {}
            super().__init__(Schema, self._send, self._wait, None, None)

        def request(self, path, body, connection=0, method="POST"):
            self._patience = REPLY_S
            try:
                return super().request(path, body, connection, method)
            finally:
                self._patience = SILENCE_S

        _patience = SILENCE_S

        def _wait(self, seconds):
            time.sleep(seconds * self.second_s)

        def _send(self, data, number=0):
            try:
                return self._exchange(data, number)
            except OSError:
                self._sockets.pop(number).close()
                return b""

        def _exchange(self, data, number):
            if number not in self._sockets:
                self._sockets[number] = socket.socket(socket.AF_UNIX)
                self._sockets[number].connect(path)
            connection = self._sockets[number]
            connection.settimeout(REPLY_S)
            connection.sendall(data)
            connection.settimeout(self._patience)
            found = b""
            while not _whole(found):
                more = connection.recv(1 << 16)
                if not more:
                    self._sockets.pop(number).close()
                    break
                found += more
            return found

    return Inside()


def _whole(reply):
    head, found, body = reply.partition(b"\r\n\r\n")
    if not found:
        return False
    lengths = [
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    return len(body) >= (lengths[0] if lengths else 0)


if __name__ == "__main__":
    sys.exit(main())
