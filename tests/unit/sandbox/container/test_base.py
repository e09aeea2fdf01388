import pytest

from sandbox.container import base
from sandbox.container.layers import EPOCH
from sandbox.errors import PlatformFault

_TOOL = """#!/bin/sh
echo "I: unpacking" >&2
echo "noise" >&2
echo "$SOURCE_DATE_EPOCH $*" > {record}
{end}
"""


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """A stand-in for mmdebstrap: it records how it was called, and ends as it is told."""

    def put(end):
        script = tmp_path / "mmdebstrap"
        script.write_text(_TOOL.format(record=tmp_path / "record", end=end))
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return tmp_path / "record"

    return put


def test_is_called_with_a_fixed_time_and_full_python(tool, tmp_path):
    record = tool("exit 0")
    said = []
    base.file_system(tmp_path / "raw.tar", said.append)
    words = record.read_text().split()
    assert words[0] == str(EPOCH)
    wanted = "--include=python3,ca-certificates,libstdc++6"
    assert {"--variant=essential", wanted, "bookworm"} <= set(words)
    assert said == ["base: unpacking"]


def test_a_failure_gives_its_last_reason(tool, tmp_path):
    tool('echo "E: first" >&2; echo "E: no space left" >&2; exit 25')
    with pytest.raises(PlatformFault, match="no space left") as caught:
        base.file_system(tmp_path / "raw.tar", lambda _: None)
    assert caught.value.code == "base_failed"


def test_a_missing_tool_is_named_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PlatformFault, match="apt-get install mmdebstrap") as caught:
        base.file_system(tmp_path / "raw.tar", lambda _: None)
    assert caught.value.code == "mmdebstrap_missing"
