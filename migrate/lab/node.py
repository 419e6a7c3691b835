"""The lab's node: a namespace with containerd and the kubelet in it, where pods really run.

Mounts, processes, iptables rules and network cards of pods live in the node's own namespaces. Ending its first process
ends them all, by the kernel's own promise, whatever state the tool or containerd is in.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from migrate.lab import network, ports, processes
from migrate.lab.certificates import Authority
from migrate.lab.control import Programs, api, kubeconfig
from migrate.lab.machine import Machine
from migrate.lab.processes import Process
from migrate.lab.web import Answer, Web, wait
from migrate.lab.world import World, write
from migrate.model.errors import Failed

NAME = "lab-node"
_CGROUPS = Path("/sys/fs/cgroup")
_INIT = Path(__file__).with_name("node.sh")
_CONTAINERD = """version = 2
root = "{folder}/data/containerd"
state = "{folder}/data/containerd-state"
oom_score = 0
[grpc]
address = "{folder}/s/containerd"
[ttrpc]
address = "{folder}/s/ttrpc"
[debug]
level = "warn"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "lab/pause:1"
restrict_oom_score_adj = true
enable_unprivileged_ports = true
stream_server_address = "127.0.0.1"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{plugins}"
conf_dir = "{folder}/config/cni"
[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "{folder}/config/registries"
"""


def certify(world: World, authority: Authority) -> None:
    """Write the kubelet's certificates."""
    authority.server("kubelet-server", world.node, NAME)
    authority.client("kubelet", f"system:node:{NAME}", "system:nodes")
    kubeconfig(world, "kubelet", "kubelet")


def start(world: World, machine: Machine) -> None:
    """Start the node and containerd in it; returns when containerd answers."""
    _write_settings(world, machine)
    _make_cgroups(world)
    first = processes.start(
        world,
        "node",
        [
            "unshare", "--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child", "--",
            "sh", str(_INIT), str(world.folder), world.node, world.address,
        ],
    )  # fmt: skip
    inside = _inside(first)
    network.plug_in(world, inside.pid)
    up = world.data("node-is-up")
    wait("node", up.exists, 20, alive=lambda: processes.alive(inside))
    processes.start(
        world, "containerd", [*enter(world), "containerd", "--config", str(world.config("containerd.toml"))]
    )
    answer = world.socket("containerd")
    wait("containerd", answer.exists, 30, alive=lambda: _runs(world, "containerd"))


def start_kubelet(world: World, programs: Programs) -> None:
    """Start the kubelet; needs the API server. Returns when it is registered and ready for pods."""
    flags = [
        f"--config={world.config('kubelet.json')}", f"--kubeconfig={world.credential('kubelet.kubeconfig')}",
        f"--root-dir={world.data('kubelet')}", f"--cert-dir={world.data('kubelet-certs')}",
        f"--hostname-override={NAME}", f"--node-ip={world.node}",
    ]  # fmt: skip
    processes.start(world, "kubelet", [*enter(world), programs["kubelet"], *flags])
    web = api(world)
    wait("kubelet", lambda: _node_ready(web), 90, alive=lambda: _runs(world, "kubelet"))
    web.close()


def enter(world: World) -> list[str]:
    """The beginning of a command that runs in the node. Raises Failed where the node does not run."""
    return ["nsenter", f"--target={_first(world).pid}", "--mount", "--pid", "--net", "--ipc", "--"]


def enter_network(world: World) -> list[str]:
    """The beginning of a command that sees the node's network and this machine's files. Raises Failed likewise."""
    return ["nsenter", f"--target={_first(world).pid}", "--net", "--"]


def _first(world: World) -> Process:
    first = processes.recorded(world, "node")
    if first is None or not processes.alive(first):
        raise Failed("The lab's node does not run.", following="migrate lab logs node")
    return _inside(first)


def remove_cgroups(world: World) -> list[Path]:
    """Remove the lab's control groups, innermost first; returns those that could not be removed."""
    left = []
    for top in [_CGROUPS / world.cgroup, *_CGROUPS.glob(f"*/{world.cgroup}")]:
        if not top.is_dir():
            continue
        for folder, _, _ in sorted(os.walk(top), key=lambda found: -found[0].count("/")):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
        if top.is_dir():
            left.append(top)
    return left


def _inside(first: Process) -> Process:
    """The node's first process as the machine sees it: the only child of the one that made the namespaces."""
    found: list[Process] = []

    def seen() -> bool:
        found[:] = processes.children(first)
        return bool(found)

    wait("node", seen, 10, alive=lambda: processes.alive(first))
    return found[0]


def _runs(world: World, server: str) -> bool:
    process = processes.recorded(world, server)
    return process is not None and processes.alive(process)


def _node_ready(web: Web) -> bool:
    try:
        node: Answer = web.ask("GET", f"/api/v1/nodes/{NAME}", patience=2.0)
    except Failed:
        return False
    conditions = node.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _make_cgroups(world: World) -> None:
    """A group of the lab's own in every hierarchy, so that what it made can be told from what others made."""
    unified = (_CGROUPS / "cgroup.controllers").is_file()
    for hierarchy in [_CGROUPS] if unified else [path for path in _CGROUPS.iterdir() if path.is_dir()]:
        group = hierarchy / world.cgroup
        with contextlib.suppress(OSError):  # a hierarchy without controllers refuses; nothing needs it
            group.mkdir(exist_ok=True)
        if hierarchy.name == "cpuset":
            for name in ("cpuset.cpus", "cpuset.mems"):
                (group / name).write_text((hierarchy / name).read_text())


def _write_settings(world: World, machine: Machine) -> None:
    write(world.config("containerd.toml"), _CONTAINERD.format(folder=world.folder, plugins=machine.plugins))
    write(world.config("cni", "10-lab.conflist"), json.dumps(_pod_network(world)))
    registry = f'[host."http://{world.address}:{ports.REGISTRY}"]\n  capabilities = ["pull", "resolve"]\n'
    write(world.config("registries", "_default", "hosts.toml"), registry)
    write(world.config("kubelet.json"), json.dumps(_kubelet(world), indent=2))
    write(world.config("resolv.conf"), f"nameserver {world.address}\n")


def _pod_network(world: World) -> object:
    prefix = network.prefix(world)
    addresses = {
        "type": "host-local",
        "dataDir": str(world.data("addresses")),
        "ranges": [
            [
                {
                    "subnet": f"{prefix}.0/24",
                    "rangeStart": f"{prefix}.10",
                    "rangeEnd": f"{prefix}.250",
                    "gateway": world.address,
                }
            ]
        ],
        "routes": [{"dst": "0.0.0.0/0"}, {"dst": network.SERVICES, "gw": world.node}],
    }
    bridge = {"type": "bridge", "bridge": "pods", "isGateway": False, "ipMasq": False, "ipam": addresses}
    return {"cniVersion": "0.4.0", "name": "lab", "plugins": [bridge]}


def _kubelet(world: World) -> object:
    key = world.credential
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": world.node,
        "port": ports.KUBELET,
        "healthzBindAddress": "127.0.0.1",
        "tlsCertFile": str(key("kubelet-server.crt")),
        "tlsPrivateKeyFile": str(key("kubelet-server.key")),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(key("ca.crt"))},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{world.socket('containerd')}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{world.cgroup}",
        "cgroupsPerQOS": False,
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "localStorageCapacityIsolation": False,
        "evictionHard": {
            "memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%",
            "nodefs.inodesFree": "1%",
        },
        "imageGCHighThresholdPercent": 100,
        "podLogsDir": str(world.data("pods")),
        "volumePluginDir": str(world.data("plugins")),
        "resolvConf": str(world.config("resolv.conf")),
        "clusterDNS": [world.address],
        "clusterDomain": "cluster.local",
        "maxPods": 200,
        "registerNode": True,
        "serializeImagePulls": False,
        "syncFrequency": "10s",
        "nodeStatusUpdateFrequency": "5s",
        "shutdownGracePeriod": "0s",
        "podPidsLimit": 500,
    }  # fmt: skip
