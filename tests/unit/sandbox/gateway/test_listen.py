import socket
import stat
from pathlib import Path

from sandbox.gateway import __main__ as program
from sandbox.gateway.grant import ANY_UID, Order
from tests.integration.gateway.gateway_process import make_grant


def test_the_socket_appears_only_when_the_guest_may_use_it(tmp_path, monkeypatch):
    path = tmp_path / "gateway.sock"
    there_before = []
    chmod = Path.chmod

    def watched(self, mode):
        there_before.append(path.exists())
        chmod(self, mode)

    monkeypatch.setattr(Path, "chmod", watched)
    order = Order(make_grant("https://api.test/v1"), {"target": "key"}, str(path), ANY_UID)
    with program._listen(order):
        assert there_before == [False]
        assert stat.filemode(path.stat().st_mode) == "srw-rw----"
        assert list(tmp_path.iterdir()) == [path]
        with socket.socket(socket.AF_UNIX) as guest:
            guest.connect(str(path))
