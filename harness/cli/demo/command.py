"""`assay demo`: four organisations, one agreement, one run, one report that anybody can check."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Final

import typer

from harness import config
from harness.cli import output
from harness.cli.context import opened
from harness.cli.demo import browser, processes, scenario
from harness.cli.report import show_report
from harness.config import Settings, SettingsInvalid
from harness.errors import Conflict, HarnessError, IntegrityError
from harness.services.platform import address, images
from harness.services.platform.opening import Platform, initialise

_MARK: Final = ".assay-demo"
_REAL: Final = (
    "ASSAY_DATABASE_URL",
    "ASSAY_BROKER_URL",
    "ASSAY_LOG_ORIGIN",
    "ASSAY_PUBLIC_URL",
)


def demo(
    folder: Annotated[
        Path, typer.Option(help="Folder for everything the demonstration makes.", metavar="FOLDER")
    ] = Path("var/demo"),
    *,
    as_json: output.Json = False,
) -> None:
    """Show the whole main job on this machine, with a real container and a real model.

    Ends by serving the same in a browser, with a sign-in link for each role, until Ctrl-C;
    ASSAY_DEMO_SERVE=0 and --json end it after the summary.
    """
    began = time.monotonic()
    if as_json:
        output.keep_out_of_the_way()
    settings = _settings(folder / "assay")
    _fresh(folder)
    initialise(settings)
    with opened() as platform:
        (folder / "trust-root.json").write_bytes(platform.trust_root)
        _step(1, "The sandbox's image, from Debian's packages")
        image = images.build(platform, output.note)
        output.say(f"  image {image.id}")
        with processes.vendor(folder / "vendor.log") as (url, key):
            with processes.worker(settings.data_dir, folder / "worker.log"):
                run_id = _main_job(platform, folder, url, key)
                target = folder / "report.bundle.json"
                _report(platform, run_id, target)
                check = ("verify", str(target), "--root", platform.trust_root_digest)
                _verify(check)
            command = shlex.join((str(Path(sys.executable).parent / "assay"), *check))
            seconds = round(time.monotonic() - began)
            if as_json:
                output.data(
                    {"run": run_id, "bundle": str(target), "verify": command, "seconds": seconds}
                )
                return
            _summary(folder, target, command, seconds)
            # The vendor goes on: whoever looks around may start another run.
            if os.environ.get("ASSAY_DEMO_SERVE") != "0":
                browser.serve(settings)


def _settings(data: Path) -> Settings:
    """Those that every part of the demonstration reads, its worker and its web too.

    A folder of its own, whatever database and broker this machine is otherwise used with.
    """
    os.environ["ASSAY_DATA_DIR"] = str(data)
    os.environ["ASSAY_OPERATOR"] = scenario.OPERATOR
    for name in _REAL:
        os.environ.pop(name, None)
    settings = config.load()
    if trouble := address.exposed(settings):
        raise SettingsInvalid([trouble])
    return settings


def _summary(folder: Path, target: Path, command: str, seconds: int) -> None:
    output.say(f"\nDone in {seconds} s. What the model wrote is gone.")
    output.say(f"  bundle     {target}")
    output.say(f"  check it   {command}")
    output.say(f"  keys       {folder / 'keys'} (the parties' own)")
    output.say(f"  data       {folder / 'assay'} (ASSAY_DATA_DIR for further commands)")


def _main_job(platform: Platform, folder: Path, url: str, key: str) -> str:
    parties = scenario.Parties(folder / "keys")
    _step(2, "Four organisations, each with a key of its own that the server never sees")
    parties.register(platform)
    for name, role in scenario.ORGANISATIONS:
        output.say(f"  {role:<10} {name}")
    scenario.register_model(platform, f"{url}/v1", key)
    output.say(f"  model      {scenario.MODEL}, served at {url}")
    _step(3, "The auditor packs, signs and submits a suite")
    digest = parties.submit_suite(platform)
    output.say(f"  suite      {digest}")
    _step(4, "The auditor proposes a protocol; both see what a report can say before signing")
    protocol_id = parties.propose(platform, digest)
    _step(5, "The vendor signs the same bytes; both signatures are in the log before any run")
    scenario.show_state(platform, protocol_id, "  state      ", parties.sign(platform, protocol_id))
    _step(6, "A slot is reserved and logged, then the suite runs in a container without network")
    return scenario.run(platform, protocol_id)


def _report(platform: Platform, run_id: str, target: Path) -> None:
    report = scenario.export(platform, run_id, target)
    _step(7, "The signed report: aggregates only")
    show_report(json.loads(report))


def _verify(check: tuple[str, ...]) -> None:
    _step(8, "Anyone checks it from the one file, offline")
    output.out.file.flush()
    status = subprocess.run(
        (sys.executable, "-m", "harness.cli.main", *check), stdout=output.out.file, check=False
    ).returncode
    if status != 0:
        raise IntegrityError("the report does not verify; please report this")


def _step(number: int, text: str) -> None:
    output.out.print(f"\n[bold]{number}. {text}[/bold]")


def _fresh(folder: Path) -> None:
    """Begin with an empty folder; only one that an earlier demonstration made is emptied."""
    if folder.exists() and not folder.is_dir():
        raise Conflict(f"{folder} is no folder; choose another by --folder")
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).is_file():
            raise Conflict(f"{folder} holds something else; choose another by --folder")
        shutil.rmtree(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / _MARK).touch()
    except OSError as error:
        raise HarnessError(f"{folder} cannot be made: {error.strerror}") from None
