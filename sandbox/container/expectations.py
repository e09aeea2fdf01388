"""What a self-test expects: every probe by name, and whether a run is refused without it.

The names are those of the probe script in the image; a test holds the two together. A *should*
is wanted, but not given by every engine: user namespaces and security modules are the host's to
set up, and the mount table names host paths wherever overlay mounts are used.
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

EXPECTED: dict[str, Level] = {
    **dict.fromkeys(_MUST.split(), Level.MUST),
    **dict.fromkeys(_SHOULD.split(), Level.SHOULD),
}
