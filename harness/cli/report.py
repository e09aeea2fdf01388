"""`assay report`: read a released report, and export the one file that proves it."""

import json
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli import output, profiles
from harness.cli.client import connected, segment
from harness.cli.files import write

app = typer.Typer(help="Released reports.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="Run id, or the beginning of it.", metavar="RUN")]


@app.command("show")
def show(run_id: Id, profile: profiles.Name = None, *, as_json: output.Json = False) -> None:
    """Show a released report."""
    with connected(profile) as client:
        value = json.loads(client.exact(f"/reports/{segment(run_id)}"))
    if as_json:
        output.data(value)
    else:
        show_report(value)


@app.command("list")
def list_(profile: profiles.Name = None, *, as_json: output.Json = False) -> None:
    """List the released reports that you may read, the newest first."""
    with connected(profile) as client:
        found = client.all("/reports")
    if as_json:
        output.data(found)
    elif not found:
        output.say("no reports yet; one is released at the slot of its run")
    else:
        output.table(
            ("run", "claim", "verdict", "model", "released"),
            [
                (
                    *(one["run"], one["headline"]["sentence"], one["headline"]["verdict"]),
                    *(one["agreed"]["model"], output.moment(one["released_at"])),
                )
                for one in found
            ],
        )


@app.command("export")
def export(
    run_id: Id,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Bundle to write: RUN.report.bundle.json by default.",
            metavar="FILE",
        ),
    ] = None,
    profile: profiles.Name = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Write the bundle: one file from which anybody checks the report offline."""
    with connected(profile) as client:
        data = client.exact(f"/reports/{segment(run_id)}/bundle")
        root = client.get("")["trust_root_digest"]
    target = out or Path(f"{run_id}.report.bundle.json")
    write(target, data)
    command = shlex.join(("assay", "verify", str(target), "--root", root))
    if as_json:
        output.data({"bundle": str(target), "root": root, "verify": command})
    else:
        output.fields([("bundle", str(target)), ("check", command)])


def show_report(report: dict[str, Any]) -> None:
    """Print a report for people, in the order of its page."""
    run, claim, model = report["run"], report["claim"], report["model"]
    outcomes = ", ".join(
        f"{item['ordinal']} {item['outcome'].lower()}" for item in run["attempt_line"]
    )
    output.fields([("claim", claim["sentence"]), ("verdict", claim["verdict"])])
    output.table(
        ("metric", "value", "95 % interval", "n"),
        [
            (m["id"], _shown(m["shown"]), _interval(m["interval"]), str(m["n"]))
            for m in report["metrics"]
        ],
    )
    output.fields(
        [
            ("model", f"{model['model']} ({model['snapshot']}) of {model['vendor']}"),
            ("answered", report["completeness"] or "not shown, by agreement"),
            ("attempt", f"{run['ordinal']} of at most {run['of']} ({outcomes})"),
            ("deviations", ", ".join(report["deviations"]) or "none named"),
        ]
    )
    output.table(
        ("what", "status", "how"),
        [(item["what"], item["status"], item["note"]) for item in report["verified"]],
    )
    disclosure = report["disclosure"]
    year = f"{disclosure['pair_total_bits']} of {disclosure['pair_cap_bits']} in a rolling year"
    output.fields(
        [
            ("leak", f"at most {disclosure['bits']} bits in this report; {year}"),
            ("released", report["released_at"]),
            ("protocol", report["protocol"]),
        ]
    )


def _interval(value: dict[str, str] | None) -> str:
    return "-" if value is None else f"{value['low']} to {value['high']} ({value['method']})"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{label} {share}" for label, share in value.items())
    return str(value)
