"""Settings of one process: read once, validated at start, refused rather than guessed.

Every setting is an environment variable with the prefix `ASSAY_`, for example
`ASSAY_DATA_DIR`. The embedded default needs none of them.
"""

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from harness.errors import InvalidInput

# sun_path holds 108 bytes with its final NUL; "<8 hex>/gateway.sock" is appended.
_LONGEST_RUN_ROOT = 108 - 1 - len("/01234567/gateway.sock")


class Settings(BaseSettings):
    """Everything an operator can choose."""

    model_config = SettingsConfigDict(env_prefix="ASSAY_", extra="ignore", frozen=True)

    data_dir: Path = Field(default=Path("var/assay"), description="Folder of all state.")
    database_url: str = Field(
        default="", description="SQLAlchemy URL; empty: SQLite in the data folder."
    )
    broker_url: str = Field(
        default="", description="Celery broker; empty: a private folder in the data folder."
    )
    run_root: Path = Field(
        default=Path("/run/assay"), description="Folder of run directories; a short path."
    )
    sandbox_runtime: Literal["runc", "runsc"] = Field(
        default="runc", description="Container runtime of every run."
    )
    worker_slots: int = Field(
        default=2, ge=1, le=64, description="Runs at once on this host, one container each."
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
        description="Origin line of the transparency log: a URL without its scheme.",
    )
    operator: str = Field(
        default="operator", pattern=r"^[a-z][a-z0-9-]{1,62}$", description="Operator's name."
    )
    max_wall_clock_s: int = Field(
        default=6 * 3600, ge=10, description="Longest run a protocol may ask for, in seconds."
    )

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
    """Read the settings of this process. Raises InvalidInput naming each variable."""
    try:
        return Settings()
    except ValidationError as error:
        raise InvalidInput(
            f"ASSAY_{'.'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        ) from None
