"""Settings of one process: read once, validated at start, refused rather than guessed.

Every setting is an environment variable with the prefix `ASSAY_`, for example
`ASSAY_DATA_DIR`. The embedded default needs none of them.
"""

import difflib
import os
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# sun_path holds 108 bytes with its final NUL; "<8 hex>/gateway.sock" is appended.
_LONGEST_RUN_ROOT = 108 - 1 - len("/01234567/gateway.sock")
_PREFIX: Final = "ASSAY_"
_REQUIREMENT: Final = re.compile(
    r"userns|lsm|cgroup_v2|min_runc:\d{1,4}(\.\d{1,4}){0,2}|runtime:[a-z][a-z0-9_.-]{0,31}"
)
# How alike an unknown variable must be to a setting to count as a slip of the pen: other
# programs may keep variables of their own under our prefix.
_ALIKE: Final = 0.85


class SettingsInvalid(ValueError):
    """Settings cannot be used. `problems` names every variable and what is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


class Settings(BaseSettings):
    """Everything an operator can choose."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="ignore", frozen=True)

    data_dir: Path = Field(default=Path("var/assay"), description="Folder of all state.")
    database_url: str = Field(
        default="",
        pattern=r"^$|^sqlite:///.|^postgresql(\+psycopg)?://.",
        description="SQLAlchemy URL, `sqlite:///` or `postgresql+psycopg://`; "
        "empty: SQLite in the data folder.",
        # It may hold a password.
        repr=False,
    )
    broker_url: str = Field(
        default="",
        pattern=r"^$|^(amqps?|rediss?)://.",
        description="Celery broker, `amqp://` or `redis://`; "
        "empty: a private folder in the data folder.",
        repr=False,
    )
    run_root: Path = Field(
        default=Path("/run/assay"), description="Folder of run directories; a short path."
    )
    sandbox_runtime: Literal["runc", "runsc"] = Field(
        default="runc", description="Container runtime of every run."
    )
    sandbox_require: str = Field(
        default="",
        description="What a host must have, or runs nothing; words with commas between them: "
        "`userns`, `lsm`, `cgroup_v2`, `min_runc:X.Y.Z`, `runtime:NAME`.",
    )
    worker_slots: int = Field(
        default=2, ge=1, le=64, description="Runs at once on this host, one container each."
    )
    one_vendor_per_host: bool = Field(
        default=True,
        description="While a run is live, its host starts no run of another model.",
    )
    launcher: str = Field(
        default="",
        pattern=r"^$|^/.{1,106}$",
        description="Socket of `assay launcher`, which alone holds the container engine; "
        "empty: the worker holds it itself.",
    )
    lease_s: int = Field(
        default=15, ge=3, le=600, description="Seconds without a heartbeat until a worker is dead."
    )
    sweep_s: int = Field(
        default=3, ge=1, le=600, description="Seconds between sweeps for lost work."
    )
    log_origin: str = Field(
        default="assay.local/log",
        pattern=r"^[a-z0-9.-]+(/[a-z0-9._-]+)+$",
        max_length=200,
        description="Origin line of the transparency log: a URL without its scheme.",
    )
    log_copy: str = Field(
        default="",
        pattern=r"^$|^/.",
        description="File that keeps the log's copy, best on another disk; "
        "empty: `keys/log.copy` in the data folder.",
    )
    operator: str = Field(
        default="operator", pattern=r"^[a-z][a-z0-9-]{1,62}$", description="Operator's name."
    )
    listen: str = Field(
        default="127.0.0.1:8000",
        pattern=r"^(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$",
        description="Address and port of the web; port 0 takes a free one.",
    )
    public_url: str = Field(
        default="",
        pattern=r"^$|^https?://[A-Za-z0-9.-]+(:[0-9]+)?$",
        description="Address that people type, `https://` behind a proxy; "
        "empty: plain http on the address above, for this machine only.",
    )
    web_processes: int = Field(
        default=1, ge=1, le=64, description="Web processes of `assay serve`."
    )
    session_hours: int = Field(
        default=12, ge=1, le=24 * 30, description="Hours until a browser must sign in again."
    )
    max_wall_clock_s: int = Field(
        default=6 * 3600, ge=10, description="Longest run a protocol may ask for, in seconds."
    )
    max_memory_mib: int = Field(
        default=4096, ge=64, description="Most memory a suite may ask for, a container, in MiB."
    )
    max_cpus: int = Field(
        default=2, ge=1, description="Most processors a suite may ask for; no more than there are."
    )
    max_processes: int = Field(
        default=1024, ge=64, description="Most processes and threads a suite may ask for."
    )
    max_scratch_mib: int = Field(
        default=1024, ge=64, description="Most scratch space a suite may ask for, in MiB of memory."
    )
    max_shm_mib: int = Field(
        default=1024, ge=16, description="Most shared memory a suite may ask for, in MiB."
    )
    max_cpu_seconds: int = Field(
        default=12 * 3600, ge=60, description="Most processor time a suite may ask for, a process."
    )

    @field_validator("sandbox_require")
    @classmethod
    def _known_requirements(cls, value: str) -> str:
        unknown = [word for word in value.split(",") if value and not _REQUIREMENT.fullmatch(word)]
        if unknown:
            shown = ", ".join(f'"{word}"' for word in unknown)
            raise ValueError(
                f"{shown} means nothing; known: userns, lsm, cgroup_v2, min_runc:X.Y.Z, "
                "runtime:NAME, with commas between them and no spaces"
            )
        return value

    @field_validator("run_root")
    @classmethod
    def _short_run_root(cls, value: Path) -> Path:
        if not value.is_absolute():
            raise ValueError("must be an absolute path")
        if len(str(value)) > _LONGEST_RUN_ROOT:
            raise ValueError(
                f"is {len(str(value))} characters long; a socket below it needs at most "
                f"{_LONGEST_RUN_ROOT}"
            )
        return value

    @property
    def requirements(self) -> tuple[str, ...]:
        """What a host must have, word by word; see `sandbox.container.requirements`."""
        return tuple(self.sandbox_require.split(",")) if self.sandbox_require else ()

    @cached_property
    def database(self) -> str:
        """SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'assay.sqlite3'}"

    @property
    def keys_dir(self) -> Path:
        """Folder of the server's own keys."""
        return self.data_dir / "keys"

    @property
    def queue_dir(self) -> Path:
        """Private folder of the embedded broker."""
        return self.data_dir / "queue"


def load() -> Settings:
    """Read the settings of this process. Raises SettingsInvalid naming each variable."""
    problems = _misspelt(os.environ)
    try:
        settings = Settings()
    except ValidationError as error:
        problems += [
            f"{_PREFIX}{'.'.join(str(part) for part in item['loc']).upper()}: "
            + item["msg"].removeprefix("Value error, ")
            for item in error.errors(include_input=False, include_url=False)
        ]
    if problems:
        raise SettingsInvalid(problems)
    return settings


def page() -> str:
    """`docs/settings.md`: every setting with its default and meaning."""
    lines = [
        "# Settings",
        "",
        "Generated from `harness/config.py`; do not edit. Environment variables, read once when a",
        "process starts. A value that makes no sense stops it and is named with its variable.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = f"`{field.default}`" if str(field.default) else "empty"
        lines.append(f"| `{_PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join([*lines, ""])


def _misspelt(names: Iterable[str]) -> list[str]:
    """Variables that are almost, but not quite, a setting's: they would silently do nothing."""
    known = [f"{_PREFIX}{name.upper()}" for name in Settings.model_fields]
    unknown = sorted(name for name in set(names) - set(known) if name.startswith(_PREFIX))
    near = [(name, difflib.get_close_matches(name, known, n=1, cutoff=_ALIKE)) for name in unknown]
    return [f"{name}: no such setting; did you mean {meant[0]}?" for name, meant in near if meant]
