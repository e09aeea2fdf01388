"""A guest's control groups, as the host's kernel holds them: version 1 or 2 (cgroups(7))."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ROOT = Path("/sys/fs/cgroup")
_UNLIMITED: Final = 1 << 60


@dataclass(frozen=True, slots=True)
class Groups:
    """Folder of each controller's group; with version 2 all are the same."""

    folders: Mapping[str, Path]

    def limit(self, controller: str, first: str, second: str) -> int:
        """A limit by its file's name in version 1 and 2; huge where there is none."""
        folder = self.folders.get(controller)
        if folder is None:
            return _UNLIMITED
        unified = (folder / "cgroup.controllers").exists()
        try:
            text = (folder / (second if unified else first)).read_text().split()[0]
        except (OSError, IndexError):
            return _UNLIMITED
        return int(text) if text.lstrip("-").isdigit() else _UNLIMITED

    def cpus(self) -> float:
        """Processors that it may use at most."""
        folder = self.folders.get("cpu")
        if folder is None:
            return float(_UNLIMITED)
        try:
            if (folder / "cpu.max").exists():
                quota, period = (folder / "cpu.max").read_text().split()
            else:
                quota = (folder / "cpu.cfs_quota_us").read_text()
                period = (folder / "cpu.cfs_period_us").read_text()
        except (OSError, ValueError):
            return float(_UNLIMITED)
        if not quota.strip().isdigit():
            return float(_UNLIMITED)
        return int(quota) / int(period)

    def processes(self) -> list[int]:
        """Every process in it, by the host's id."""
        folder = self.folders.get("pids")
        try:
            text = (folder / "cgroup.procs").read_text() if folder else ""
        except OSError:
            text = ""
        return [int(pid) for pid in text.split()]

    def gone(self) -> bool:
        """Whether the kernel holds nothing of it any more."""
        return not any(folder.exists() for folder in self.folders.values())


def of_process(pid: int) -> Groups:
    """Groups of a process. Raises OSError when it is gone."""
    folders: dict[str, Path] = {}
    for line in Path("/proc", str(pid), "cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        inside = path.lstrip("/")
        if not names:
            for name in _controllers(_ROOT / inside):
                folders.setdefault(name, _ROOT / inside)
            continue
        for name in names.split(","):
            folders[name] = _ROOT / name / inside
    return Groups(folders)


def _controllers(folder: Path) -> list[str]:
    try:
        return (folder / "cgroup.controllers").read_text().split()
    except OSError:
        return []
