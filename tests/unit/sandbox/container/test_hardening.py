import copy
import json
from dataclasses import replace

import pytest

from sandbox.container import labels
from sandbox.container.hardening import LAUNCHER, create_body, differences, host_config
from sandbox.spec import Limits


def _shown(body):
    """An inspect answer as Engine 20.10 gives it for this request."""
    empty = {
        "Binds": None,
        "ContainerIDFile": "",
        "PortBindings": None,
        "Links": None,
        "CpuShares": 0,
        "OomKillDisable": False,
        "BlkioDeviceReadBps": None,
        "ConsoleSize": [0, 0],
        "MemorySwappiness": None,
        "UsernsMode": "",
    }
    config = {
        name: body[name]
        for name in ("User", "Cmd", "WorkingDir", "Hostname", "NetworkDisabled", "Env", "Labels")
    }
    mount = body["HostConfig"]["Mounts"][0]
    return copy.deepcopy(
        {
            "Image": body["Image"],
            "HostConfig": empty | body["HostConfig"],
            "Config": config
            | {"Tty": False, "OpenStdin": False, "Entrypoint": [], "Volumes": None},
            "Mounts": [{"Source": mount["Source"], "Destination": mount["Target"], "RW": False}],
        }
    )


def test_an_honest_engine_shows_no_difference(body):
    assert differences(body, _shown(body)) == ()


def test_every_control_that_is_dropped_is_named(body):
    for name, value in body["HostConfig"].items():
        if value in (False, [], {}):
            continue
        shown = _shown(body)
        del shown["HostConfig"][name]
        assert differences(body, shown) == (f"HostConfig.{name}",)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Devices", [{"PathOnHost": "/dev/kvm"}]),
        ("Binds", ["/:/host"]),
        ("VolumesFrom", ["other"]),
        ("CapAdd", ["SYS_ADMIN"]),
        ("PidMode", "host"),
        ("UsernsMode", "host"),
        ("GroupAdd", ["0"]),
        ("ExtraHosts", ["a:1.2.3.4"]),
        ("Sysctls", {"kernel.msgmax": "1"}),
        ("OomKillDisable", True),
        ("AControlOfTomorrow", "on"),
    ],
)
def test_what_was_not_asked_for_is_named(body, field, value):
    shown = _shown(body)
    shown["HostConfig"][field] = value
    assert differences(body, shown) == (f"HostConfig.{field}",)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("User", "0:0"),
        ("Cmd", ["/bin/sh"]),
        ("WorkingDir", "/"),
        ("NetworkDisabled", False),
        ("Entrypoint", ["/evil"]),
        ("Volumes", {"/data": {}}),
        ("Healthcheck", {"Test": ["CMD", "x"]}),
        ("ExposedPorts", {"80/tcp": {}}),
        ("Env", ["LD_PRELOAD=/evil.so"]),
        ("Labels", {}),
    ],
)
def test_what_an_image_adds_is_named(body, field, value):
    shown = _shown(body)
    shown["Config"][field] = value
    assert differences(body, shown) == (f"Config.{field}",)


def test_a_second_mount_a_writable_one_and_another_image_are_named(body):
    shown = _shown(body)
    shown["Mounts"].append({"Source": "/v", "Destination": "/data", "RW": True})
    assert differences(body, shown) == ("Mounts",)
    shown = _shown(body)
    shown["Mounts"][0]["RW"] = True
    assert differences(body, shown) == ("Mounts",)
    shown = _shown(body)
    shown["Image"] = "sha256:" + "b" * 64
    assert differences(body, shown) == ("Image",)


def test_an_empty_answer_is_refused(body):
    assert "HostConfig.CapDrop" in differences(body, {})
    assert "Mounts" in differences(body, {})


def test_the_table(spec):
    config = host_config(spec)
    assert config["NetworkMode"] == "none"
    assert config["ReadonlyRootfs"]
    assert config["CapDrop"] == ["ALL"]
    assert config["SecurityOpt"][0] == "no-new-privileges"
    assert json.loads(config["SecurityOpt"][1].removeprefix("seccomp="))["syscalls"]
    assert config["Memory"] == config["MemorySwap"] == 512 * 1024 * 1024
    assert config["NanoCpus"] == 10**9
    assert config["LogConfig"]["Type"] == "none"
    assert len(config["Mounts"]) == 1
    assert config["Mounts"][0]["ReadOnly"]
    for options in config["Tmpfs"].values():
        assert {"nosuid", "nodev", "noexec", "size=67108864", "nr_inodes=4096"} <= set(
            options.split(",")
        )
    assert {"/sys", "/proc/cpuinfo", "/proc/uptime"} <= set(config["MaskedPaths"])
    rlimits = {limit["Name"]: limit["Hard"] for limit in config["Ulimits"]}
    assert rlimits["core"] == rlimits["nice"] == rlimits["msgqueue"] == 0
    assert all(limit["Soft"] == limit["Hard"] for limit in config["Ulimits"])


def test_limits_of_the_spec_are_used(spec):
    config = host_config(replace(spec, limits=Limits(memory_bytes=10**9, cpus=0.5, pids=9)))
    assert (config["Memory"], config["NanoCpus"], config["PidsLimit"]) == (10**9, 5 * 10**8, 9)


def test_gvisor_gets_room_for_its_own_threads(spec, runsc):
    assert host_config(spec)["PidsLimit"] == 64
    assert host_config(runsc)["PidsLimit"] == 512
    assert host_config(runsc)["Runtime"] == "runsc"


def test_identity(spec, body):
    assert body["User"] == "20007:20007"
    assert body["Cmd"] == list(LAUNCHER)
    assert body["Labels"][labels.RUN] == "r1"
    assert body["NetworkDisabled"]
    assert spec.name == "assay-r1-2"


def test_the_spec_digest_covers_the_request(spec, body):
    digest = body["Labels"][labels.SPEC]
    assert create_body(spec)["Labels"][labels.SPEC] == digest
    other = create_body(replace(spec, limits=Limits(pids=65)))
    assert other["Labels"][labels.SPEC] != digest


def test_labels_are_read_back(spec, body):
    found = labels.identity(body["Labels"])
    assert found == labels.Identity(run="r1", attempt=2, owner="o1", deadline=1_700_000_000)
    for name in (labels.RUN, labels.ATTEMPT, labels.DEADLINE, labels.OWNER):
        assert labels.identity({k: v for k, v in body["Labels"].items() if k != name}) is None
    assert labels.identity(body["Labels"] | {labels.ATTEMPT: "x"}) is None


def test_where_outputs_are_scored_nothing_can_be_written(spec):
    config = host_config(replace(spec, phase="score"))
    assert config["Tmpfs"] == {}
    assert config["IpcMode"] == "none"
    assert config["ReadonlyRootfs"]
    # The control: elsewhere there is a place to write.
    assert set(host_config(spec)["Tmpfs"]) == {"/tmp", "/work"}
