"""This code as a later version that has one more migration."""

import shutil
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from harness.records import database

_NEXT = """\
from alembic import op

revision = "later"
down_revision = "{newest}"


def upgrade() -> None:
    op.execute("CREATE TABLE later (id INTEGER PRIMARY KEY)")
"""


class NextVersion:
    """Called, it switches this process to the later version until the patch is undone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._monkeypatch = monkeypatch
        self._folder = folder
        newest = ScriptDirectory(str(database.MIGRATIONS)).get_current_head()
        self._content = _NEXT.format(newest=newest)
        shutil.copytree(database.MIGRATIONS, folder)
        self.mend()

    def __call__(self) -> None:
        self._monkeypatch.setattr(database, "MIGRATIONS", self._folder)

    def break_off(self) -> None:
        """Let the new migration fail after its first change."""
        self._write(self._content + "    raise ZeroDivisionError\n")

    def mend(self) -> None:
        self._write(self._content)

    def _write(self, content: str) -> None:
        (self._folder / "versions/later.py").write_text(content)
