"""What a guest can write, run and read of the host's files."""

import errno
import os
import stat
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from evals.probing.look import (
    MIB,
    RUN_DIR,
    SCRATCH,
    SOCKET,
    Probe,
    Verdict,
    files,
    lines,
    listing,
    mounts,
    name_of,
    tells,
    tree,
    works,
)

DEVICES = {"console", "full", "null", "ptmx", "random", "tty", "urandom", "zero"}
HOST_FACTS = """
acpi asound buddyinfo bus cmdline config.gz cpuinfo diskstats driver fs interrupts iomem ioports
irq kallsyms kcore key-users keys loadavg locks mdstat meminfo modules pagetypeinfo partitions
pressure sched_debug schedstat scsi slabinfo softirqs stat swaps sysrq-trigger timer_list uptime
version vmstat zoneinfo sys/kernel/random/boot_id
"""


def _root_read_only() -> Verdict:
    return bool(os.statvfs("/").f_flag & os.ST_RDONLY), ""


def _writable_mounts_are_memory() -> Verdict:
    on_disk = [
        place
        for place, one in mounts().items()
        if "rw" in one[0]
        and one[1] not in {"tmpfs", "proc", "devpts", "mqueue", "sysfs"}
        and _takes_files(place)
    ]
    return not on_disk, str(len(on_disk))


def _takes_files(place: str) -> bool:
    """Whether something could be written at a mount's place.

    Where users are remapped, each device, and each path masked by one, is a mount of its own, a few
    of them at places that are not there any more.
    """
    try:
        return not stat.S_ISCHR(Path(place).stat().st_mode)
    except FileNotFoundError:
        return False


def _no_writable_place_elsewhere() -> Verdict:
    found = [
        folder
        for folder, _ in tree()
        if os.access(folder, os.W_OK) and not folder.startswith(SCRATCH)
    ]
    return found in ([], ["/dev/mqueue"]), str(len(found))


def _no_privileged_files() -> Verdict:
    special = stat.S_ISUID | stat.S_ISGID
    found = [path for path, mode in files() if stat.S_ISREG(mode) and mode & special]
    return not found, str(len(found))


def _one_socket() -> Verdict:
    found = [path for path, mode in files() if stat.S_ISSOCK(mode)]
    return found == [SOCKET], str(len(found))


def _run_directory_read_only() -> Verdict:
    folder, end = Path(RUN_DIR), Path(SOCKET)
    acts: tuple[Callable[[], object], ...] = (
        (folder / "probe").touch,
        (folder / "folder").mkdir,
        partial(end.rename, folder / "other"),
        partial(end.chmod, 0o666),
        end.unlink,
    )
    done = sum(map(works, acts))
    return done == 0 and folder.is_dir(), str(done)


def _few_devices() -> Verdict:
    found = [
        path
        for path, mode in files()
        if stat.S_ISBLK(mode)
        or (
            stat.S_ISCHR(mode)
            and path.removeprefix("/dev/") not in DEVICES
            and not path.startswith("/dev/pts/")
        )
    ]
    return not found, str(len(found))


def _no_device_nodes() -> Verdict:
    with tempfile.TemporaryDirectory() as folder:
        made = works(lambda: os.mknod(f"{folder}/null", stat.S_IFCHR | 0o666, os.makedev(1, 3)))
    return not made, ""


def _host_facts_masked() -> Verdict:
    readable = [name for name in HOST_FACTS.split() if tells(f"/proc/{name}")]
    return not readable, str(len(readable))


def _sys_masked() -> Verdict:
    count = len(listing("/sys"))
    return count == 0, str(count)


def _kernel_settings_read_only() -> Verdict:
    flags = mounts().get("/proc/sys", (set(), ""))[0]
    return "ro" in flags, ""


def _no_host_paths_in_mounts() -> Verdict:
    found = sum("/var/lib/" in line for line in lines("/proc/self/mountinfo"))
    return found == 0, str(found)


def _scratch_fills_up() -> Verdict:
    block = bytes(MIB)
    with tempfile.TemporaryFile() as file:
        for written in range(256):
            try:
                file.write(block)
                file.flush()
            except OSError as error:
                return error.errno == errno.ENOSPC, str(written)
    return False, "256"


def _scratch_files_capped() -> Verdict:
    files = os.statvfs(tempfile.gettempdir()).f_files
    return 0 < files <= 4096, str(files)  # noqa: PLR2004


def flags(path: str) -> Verdict:
    """Whether a scratch folder is memory with the three refusals of mount(8)."""
    found, kind = mounts().get(path, (set(), ""))
    return kind == "tmpfs" and {"nosuid", "nodev", "noexec"} <= found, ""


def sized(path: str) -> Verdict:
    """Whether a scratch folder is bounded by a gibibyte."""
    shape = os.statvfs(path)
    size = shape.f_blocks * shape.f_frsize
    return size <= 1024 * MIB, str(size // MIB)


def no_exec(path: str) -> Verdict:
    """Whether a program in a scratch folder is refused."""
    program = Path(path, "probe-program")
    program.write_bytes(Path("/usr/bin/true").read_bytes())
    program.chmod(0o700)
    try:
        child = os.posix_spawn(program, [str(program)], {})
    except OSError as error:
        return error.errno == errno.EACCES, name_of(error.errno or 0)
    finally:
        program.unlink()
    os.waitpid(child, 0)
    return False, "ran"


PROBES: tuple[Probe, ...] = (
    _root_read_only,
    _writable_mounts_are_memory,
    _no_writable_place_elsewhere,
    _no_privileged_files,
    _one_socket,
    _run_directory_read_only,
    _few_devices,
    _no_device_nodes,
    _host_facts_masked,
    _sys_masked,
    _kernel_settings_read_only,
    _no_host_paths_in_mounts,
    _scratch_fills_up,
    _scratch_files_capped,
)
