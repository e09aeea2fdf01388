"""What a self-test expects: every probe by name, and whether a run is refused without it.

The names are those of the probe script in the image and of the scenarios from outside; a test
holds them together. A *should* is wanted, but not given by every engine: user namespaces and
security modules are the host's to set up, and the mount table names host paths wherever overlay
mounts are used.
"""

from enum import StrEnum


class Level(StrEnum):
    """Whether a probe that does not hold refuses the run."""

    MUST = "must"
    SHOULD = "should"


_SHOULD = (
    "own_users confined_by_a_security_module no_host_paths_in_mounts last_to_be_spared"
    " no_privileged_files"
)
_MUST = """
unprivileged_user no_capabilities no_new_privileges system_calls_filtered launcher_memory_closed
launcher_descriptors_closed own_processes_only loopback_only no_route no_way_out no_way_out_ipv6
no_name_service root_read_only writable_mounts_are_memory no_writable_place_elsewhere one_socket
run_directory_read_only few_devices no_device_nodes host_facts_masked sys_masked
kernel_settings_read_only environment_listed no_credential_in_environment no_foreign_descriptors
host_name_fixed own_control_groups processes_capped scratch_fills_up scratch_files_capped
no_32_bit_calls no_x32_calls clone3_left_to_clone no_new_user_namespace
no_typing_into_terminals threads_work child_programs_work databases_work loopback_works
syscall_io_uring_setup syscall_ptrace syscall_process_vm_readv syscall_pidfd_getfd syscall_kcmp
syscall_keyctl syscall_add_key syscall_bpf syscall_userfaultfd syscall_perf_event_open
syscall_mount syscall_umount2 syscall_open_tree syscall_unshare syscall_setns
syscall_memfd_create syscall_memfd_secret syscall_mincore syscall_shmget syscall_semget
syscall_mq_open syscall_io_setup syscall_splice syscall_vmsplice syscall_modify_ldt
syscall_name_to_handle_at syscall_open_by_handle_at syscall_fanotify_init syscall_mbind
syscall_chroot syscall_setuid syscall_execveat syscall_init_module syscall_syslog
socket_raw socket_icmp socket_mptcp socket_sctp socket_seqpacket socket_netlink socket_packet
socket_alg socket_vsock
rlimit_core rlimit_nofile rlimit_fsize rlimit_memlock rlimit_msgqueue rlimit_sigpending
rlimit_cpu
tmp_flags tmp_size tmp_does_not_execute work_flags work_size work_does_not_execute shm_flags
shm_size shm_does_not_execute
"""

# What the host sees of a guest, and what it stops one from doing.
_OUTSIDE_SHOULD = "own_users_seen"
_OUTSIDE_MUST = """
no_capabilities_seen no_new_privileges_seen filter_seen own_user_seen peer_seen
own_process_ids_seen loopback_only_seen memory_limit_seen no_swap_seen process_limit_seen
processor_limit_seen run_directory_unchanged found_by_labels killed_in_time foreign_kill_seen
gone_when_removed orphans_reaped orphans_end memory_stops memory_given_back child_memory_stops
processes_stop host_usable file_growth_stops scratch_files_stop scratch_stops
scratch_counts_as_memory scratch_given_back output_discarded taken_name_refused
missing_runtime_refused unknown_image_refused foreign_user_refused hostile_image_refused
"""

INSIDE: dict[str, Level] = {
    **dict.fromkeys(_MUST.split(), Level.MUST),
    **dict.fromkeys(_SHOULD.split(), Level.SHOULD),
}
OUTSIDE: dict[str, Level] = {
    **dict.fromkeys(_OUTSIDE_MUST.split(), Level.MUST),
    **dict.fromkeys(_OUTSIDE_SHOULD.split(), Level.SHOULD),
}

# Probes that are only wanted under gVisor, by the reason; seen with release 20221219.
UNDER_GVISOR: dict[str, tuple[str, ...]] = {
    "its own kernel answers a guest's calls, never the host's": (
        *(name for name in INSIDE if name.startswith(("syscall_", "socket_"))),
        *("system_calls_filtered", "no_32_bit_calls", "no_x32_calls", "clone3_left_to_clone"),
        *("no_new_user_namespace", "no_typing_into_terminals"),
    ),
    "what it shows in /proc, /dev and /sys is its own, and of few things": (
        *("no_capabilities", "no_new_privileges", "launcher_memory_closed"),
        *("launcher_descriptors_closed", "no_foreign_descriptors", "few_devices"),
        *("no_device_nodes", "host_facts_masked", "sys_masked", "kernel_settings_read_only"),
    ),
    "it does not show a mount's flags": (
        *("root_read_only", "tmp_flags", "work_flags", "shm_flags"),
    ),
    "the host sees its process, which needs rights to build the guest's": (
        *("no_capabilities_seen", "own_user_seen", "own_process_ids_seen"),
    ),
    "it has no such limit, or ends as a whole when it is reached": (
        *("processes_capped", "processes_stop", "scratch_files_capped", "scratch_files_stop"),
        *("file_growth_stops", "scratch_given_back"),
    ),
    "the engine is not told that memory was the reason": ("memory_stops", "child_memory_stops"),
}
# A fork loop inside ends the whole guest there, and every probe after it.
NOT_UNDER_GVISOR = ("processes_capped",)


def expected(oci_runtime: str) -> dict[str, Level]:
    """Every probe's level under a runtime of the run spec."""
    weaker = {name for names in UNDER_GVISOR.values() for name in names}
    if "runsc" not in oci_runtime:
        weaker = set()
    whole = {**INSIDE, **OUTSIDE}
    return {name: Level.SHOULD if name in weaker else level for name, level in whole.items()}
