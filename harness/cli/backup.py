"""`assay backup`, `assay restore`: the embedded default as one file."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from harness import config
from harness.cli import output
from harness.cli.context import opened
from harness.services.platform import backup as backups
from harness.services.publication import restore as restoring

File = Annotated[
    Path, typer.Argument(help="The backup, as secret as the keys in it.", metavar="FILE")
]


def backup(file: File, *, as_json: output.Json = False) -> None:
    """Write database and keys into one file, also while the server runs."""
    backups.check_embedded(config.load())
    with opened() as platform, output.waiting("Copying database and keys"):
        saved = backups.save(platform, file)
    if as_json:
        output.data({"file": str(file), **asdict(saved)})
        return
    output.fields(
        [
            ("backup", f"{file} (as secret as the keys in it)"),
            ("made", saved.made_at),
            ("log", f"{saved.log_size} entries, root recomputed"),
        ]
    )


def restore(
    file: File,
    log_copy: Annotated[
        Path | None,
        typer.Option(
            "--log-copy",
            help="`keys/log.copy` of the server it was made of: what was spent since stays spent.",
            metavar="FILE",
        ),
    ] = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Restore a backup into an empty data folder, and say so in the log."""
    settings = config.load()
    with output.waiting("Restoring database and keys"):
        restored = restoring.restore(settings, file, log_copy)
    if as_json:
        output.data({"data_dir": str(settings.data_dir), **asdict(restored)})
        return
    output.fields(
        [
            ("data folder", str(settings.data_dir)),
            ("made", restored.made_at),
            ("log", f"{restored.log_size} entries, and one more that says it was restored"),
            ("from its copy", f"{restored.entries} entries, {restored.charges} ledger entries"),
            ("runs ended", str(restored.ended)),
            ("trust root", restored.trust_root),
        ]
    )
    if log_copy is None and not settings.log_copy:
        output.note(
            "whatever happened after the backup is not known here, and bits that were spent since "
            "are free again: with the log's copy of that server (--log-copy) they stay spent"
        )
