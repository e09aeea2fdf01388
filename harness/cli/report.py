"""`assay report`: read a released report, and export the one file that proves it."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli import output
from harness.cli.context import Org, actor, opened, write
from harness.services.publication import bundles

app = typer.Typer(help="Released reports.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="Run id, or the beginning of it.", metavar="RUN")]


@app.command("show")
def show(run_id: Id, org: Org, *, as_json: output.Json = False) -> None:
    """Show a released report."""
    with opened() as platform:
        who = actor(platform, org)
        with platform.database.read() as session:
            body = bundles.report_of(session, platform, who, run_id)
    value = json.loads(body)
    if as_json:
        output.data(value)
    else:
        show_report(value)


@app.command("export")
def export(
    run_id: Id,
    org: Org,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Bundle to write.")] = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Write the bundle: one file from which anybody checks the report offline."""
    with opened() as platform:
        who = actor(platform, org)
        with platform.database.read() as session:
            data = bundles.bundle_of(session, platform, who, run_id)
        root = platform.trust_root_digest
    target = out or Path(f"{run_id}.report.bundle.json")
    write(target, data)
    command = f"assay verify {target} --root {root}"
    if as_json:
        output.data({"bundle": str(target), "root": root, "verify": command})
    else:
        output.say(f"bundle  {target}\ncheck   {command}")


def show_report(report: dict[str, Any]) -> None:
    """Print a report for people, in the order of its page."""
    run, disclosure = report["run"], report["disclosure"]
    output.say(f"claim    {report['claim']['sentence']}")
    output.say(f"verdict  {report['claim']['verdict']}")
    output.table(
        ("metric", "value", "95 % interval", "n"),
        [
            (m["id"], _shown(m["shown"]), _interval(m["interval"]), str(m["n"]))
            for m in report["metrics"]
        ],
    )
    outcomes = ", ".join(
        f"{item['ordinal']} {item['outcome'].lower()}" for item in run["attempt_line"]
    )
    output.say(f"attempt  {run['ordinal']} of at most {run['of']} ({outcomes})")
    output.say(
        f"leak     at most {disclosure['bits']} bits in this report, "
        f"{disclosure['pair_total_bits']} of {disclosure['pair_cap_bits']} in a rolling year"
    )
    output.table(
        ("what", "status", "how"),
        [(item["what"], item["status"], item["note"]) for item in report["verified"]],
    )


def _interval(value: dict[str, str] | None) -> str:
    return "-" if value is None else f"{value['low']} to {value['high']} ({value['method']})"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{label} {share}" for label, share in value.items())
    return str(value)
