"""Doctor: what Assay needs on this machine, whether it is there, and which command helps."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from harness import queue
from harness.config import Settings
from harness.documents import protocol as protocol_document
from harness.errors import HarnessError, IntegrityError
from harness.records import log, protocols, runs
from harness.records import platform as rows
from harness.records.database import Database, check_schema
from harness.services import states
from harness.services.platform import (
    address,
    engine,
    images,
    ledgers,
    logcopy,
    machine,
    noise,
    sequencer,
)
from harness.services.platform.findings import Finding
from harness.services.platform.opening import Platform, open_platform
from sandbox.container import reaper
from sandbox.errors import PlatformFault

__all__ = ["Finding", "examine", "examine_open"]

_SEEN_S: Final = 60.0
_SKEW_S: Final = 2.0
_NAMED: Final = 5
# No clock that is right says an earlier year than that of this code.
_FIRST_YEAR: Final = 2026


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; a fault in one thing never hides another."""
    try:
        platform = open_platform(settings)
    except HarnessError:
        return [*_machine(settings), *_not_open(settings)]
    try:
        return examine_open(platform)
    finally:
        platform.database.close()


def examine_open(platform: Platform) -> list[Finding]:
    """The same for a process that has the data folder open. Takes seconds when parts are down."""
    findings = [*_machine(platform.settings), _database(platform.database)]
    if not findings[-1].ok:
        return findings
    looks: tuple[Callable[[Platform], Finding], ...] = (
        _migrations,
        _clock,
        _image,
        _selftest,
        _containers,
        _log,
        _ledger,
        _workers,
        _broker,
        _noise,
    )
    for look in looks:
        try:
            findings.append(look(platform))
        except HarnessError as error:
            remedy = logcopy.REBUILD if logcopy.REBUILD in str(error) else ""
            findings.append(Finding(look.__name__.strip("_"), False, str(error), remedy))
    return findings


def _machine(settings: Settings) -> list[Finding]:
    return [
        machine.engine(settings),
        machine.required(settings),
        machine.privileges(settings),
        machine.user(settings),
        machine.run_root(settings),
        machine.neighbours(settings),
        machine.limits(settings),
        machine.disk(settings),
        machine.keys(settings),
        machine.front(),
        address.cookies(settings),
        address.web(settings),
    ]


def _not_open(settings: Settings) -> list[Finding]:
    """Why the data folder does not open, beyond what its keys say."""
    if not settings.keys_dir.is_dir():
        return [Finding("database", False, "not made yet", "assay db upgrade")]
    try:
        database = Database(settings.database)
    except HarnessError as error:
        return [Finding("database", False, str(error))]
    try:
        reached = _database(database)
        if not reached.ok:
            return [reached]
        check_schema(database)
        open_platform(settings).database.close()
    except IntegrityError as error:
        remedy = logcopy.REBUILD if logcopy.REBUILD in str(error) else ""
        return [reached, Finding("ledger", False, str(error), remedy)]
    except HarnessError as error:
        behind = "assay db upgrade" in str(error)
        remedy = "assay db upgrade" if behind else ""
        return [reached, Finding("migrations", False, str(error), remedy)]
    finally:
        database.close()
    return [reached]


def _database(database: Database) -> Finding:
    try:
        with database.read() as session:
            rows.server_time(session)
    except HarnessError as error:
        return Finding("database", False, str(error), "start it, or correct ASSAY_DATABASE_URL")
    return Finding("database", True, database.kind)


def _migrations(platform: Platform) -> Finding:
    check_schema(platform.database)
    return Finding("migrations", True, "all of this version's, and no other")


def _clock(platform: Platform) -> Finding:
    before = platform.clock()
    with platform.database.read() as session:
        server = rows.server_time(session)
        newest = rows.newest_mark(session)
    now = platform.clock()
    remedy = "set the clock, and keep it by NTP on every host"
    if datetime.fromtimestamp(now, UTC).year < _FIRST_YEAR:
        return Finding("clock", False, "years behind", remedy)
    if newest > now + _SKEW_S:
        detail = f"{newest - now:.0f} s behind what is stored: it went back, or another is ahead"
        return Finding("clock", False, detail, remedy)
    apart = max(before - server, server - now, 0.0)
    if apart > _SKEW_S:
        return Finding("clock", False, f"{apart:.0f} s apart from the database server's", remedy)
    return Finding("clock", True, datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M UTC"))


def _image(platform: Platform) -> Finding:
    image = images.newest(platform)
    return Finding("image", True, image.id)


def _selftest(platform: Platform) -> Finding:
    image = images.newest(platform)
    with platform.database.read() as session:
        known = rows.selftest(session, image.id, platform.host)
    if known is None:
        return Finding("self-test", True, "not run yet; it runs before the first run")
    if not known.passed:
        return Finding("self-test", False, "a must does not hold", "assay sandbox selftest")
    return Finding("self-test", True, known.digest)


def _containers(platform: Platform) -> Finding:
    """What the engine holds for this data folder: the reconciler acts only on what it knows."""
    try:
        found = engine.runtime(platform.settings).list(images.owner(platform))
    except PlatformFault:
        return Finding("containers", True, "not looked at: see engine")
    mine = [one for one in found if not reaper.is_tool(one)]
    with platform.database.read() as session:
        unknown = [one.name for one in mine if runs.get(session, one.identity.run) is None]
    if unknown:
        names = " ".join(sorted(unknown)[:_NAMED])
        return Finding(
            "containers",
            False,
            f"{len(unknown)} of no run in these records, left alone: {names}",
            f"docker rm --force {names}, unless another database is in use here",
        )
    return Finding("containers", True, f"{len(mine)}, of runs that are known")


def _log(platform: Platform) -> Finding:
    with platform.database.read() as session:
        size = sequencer.check_log(session, platform)
    return Finding("log", True, f"{size} leaves, root recomputed")


def _ledger(platform: Platform) -> Finding:
    newest = logcopy.tail(logcopy.place(platform.settings))
    with platform.database.read() as session:
        logcopy.check(session, newest)
        ledgers.check(session, platform.clock())
    size = 0 if newest is None else newest.size
    return Finding("ledger", True, f"holds what the log says; the log's copy has {size} entries")


def _noise(platform: Platform) -> Finding:
    if noise.available():
        return Finding("noise", True, "OpenDP is installed")
    with platform.database.read() as session:
        active = {row.digest for row in protocols.in_state(session, states.Protocol.ACTIVE)}
        bodies = log.bodies(session, active)
    found = [protocol_document.parse(body) for body in bodies.values()]
    asking = [one.identity.id for one in found if one.disclosure.differential_privacy]
    if asking:
        names = " ".join(sorted(asking)[:_NAMED])
        return Finding("noise", False, f"agreed in {names}; no such run starts", noise.REMEDY)
    return Finding("noise", True, "OpenDP is not installed, and no active agreement needs it")


def _workers(platform: Platform) -> Finding:
    with platform.database.read() as session:
        seen = rows.workers(session, platform.clock() - _SEEN_S)
    if not seen:
        return Finding("workers", False, "none seen in the last minute; runs wait", "assay serve")
    return Finding("workers", True, f"{len(seen)} alive")


def _broker(platform: Platform) -> Finding:
    url = platform.settings.broker_url
    # Never more of the URL than its scheme: it holds a password.
    name = url.partition(":")[0] if url else "embedded, in the data folder"
    app = queue.celery(platform.settings)
    try:
        answers = queue.answers(app)
    finally:
        app.close()
    if answers:
        return Finding("broker", True, name)
    remedy = "start it, or correct ASSAY_BROKER_URL" if url else "make the data folder writable"
    return Finding("broker", False, f"{name}: takes no messages; runs wait", remedy)
