"""The node as a whole: up, down, status."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import urllib3

from tests.kubernetes.asking import Api, Refused
from tests.kubernetes.node import building, certificates, groups, images, network, parts, processes
from tests.kubernetes.node.parts import PATH, NotPossible, find
from tests.kubernetes.node.places import (
    ETC,
    NAME,
    NODE,
    PODS,
    REGISTRY,
    THERE,
    Places,
    places,
    version,
)  # fmt: skip
from tests.kubernetes.node.programs import Program, programs

SECONDS = 120.0
"""For a program of it to answer, on a machine that does other things too."""

# template: where it goes, below etc
FILES = {
    **{name: name for name in ("containerd.toml", "containers.conf", "registries.conf", "kubelet.yaml")},
    **{name: name for name in ("proxy.yaml", "registry.yaml", "audit.yaml", "Corefile")},
    "cni.conflist": "cni/10-ptp.conflist",
    "hosts.toml": f"certs.d/{REGISTRY}/hosts.toml",
}

Say = Callable[[str], None]


class Node:
    """The node of this machine; there is one."""

    def __init__(self, where: Places | None = None, say: Say = print) -> None:
        self.places = where or places()
        self.version = version()
        self.say = say
        self._programs = {each.name: each for each in programs(self.places, self.version, find)}

    def pid(self, name: str) -> int | None:
        """Of one of its programs, if it runs."""
        return processes.read(self.places.pids / name)

    def running(self) -> list[str]:
        """Which of its programs run."""
        return [name for name in self._programs if self.pid(name) is not None]

    def is_up(self) -> bool:
        """Whether all of it runs and the node is ready for pods."""
        return len(self.running()) == len(self._programs) and self._is_ready()

    def environment(self) -> dict[str, str]:
        """What the ring, and the pipeline's builder, need to use it."""
        return {
            "KUBERNETES_TEST_CONFIG": str(self.places.kubeconfig),
            "KUBERNETES_TEST_REGISTRY": f"{REGISTRY}/form-builder",
            "DOCKER_HOST": self.places.builder,
        }

    def up(self) -> None:
        """Bring it up, or what of it does not run. Raises NotPossible with what is missing."""
        parts.check()
        self.refuse_another()
        building.build(self.places, self.version, self.say)
        begun = time.monotonic()
        if not (self.running() and self._was_up.exists() and network.is_there()):
            self._begin_anew()  # what never came up, or lives in a network that is gone, has no past
        network.make()
        groups.make()
        for name in self._programs:
            self.start(name)
            if name == "builder":
                self._wait_for(name, lambda: Path(self.places.builder.removeprefix("unix://")).exists())
                images.pause(self.places, self.version)
                images.python(self.places, self.say)
            elif name == "apiserver":
                self._wait_for(name, self.answers)
            elif name == "containerd":
                self._wait_for(name, (self.places.run / "containerd.sock").exists)
        self._wait_for("kubelet", self._is_ready)
        self._was_up.touch()
        self.say(f"Kubernetes {self.version} is up ({time.monotonic() - begun:.0f} s).")

    @property
    def _was_up(self) -> Path:
        return self.places.state / "was-up"

    def start(self, name: str) -> None:
        """Start one of its programs, unless it runs."""
        program = self._programs[name]
        if self.pid(name) is None:
            pid = processes.start(
                self.places.pids / name, self.places.logs / f"{name}.log", self._argv(program),
                {**os.environ, "PATH": PATH, **dict(program.environment)},
            )  # fmt: skip
            self.say(f"started {name} ({pid})")

    def end(self, name: str) -> None:
        """End one of its programs."""
        processes.end(self.places.pids / name)

    def restart_api_server(self) -> None:
        """End it and start it again; returns when it answers."""
        self.end("apiserver")
        self.start("apiserver")
        self._wait_for("apiserver", self.answers)

    def down(self) -> None:
        """End all that is of the node, take away all but what was built. Raises NotPossible for another."""
        self.refuse_another()
        for name in reversed(self._programs):
            # containers go with their cgroup; the kubelet would only wait for them
            if processes.end(self.places.pids / name):
                self.say(f"ended {name}")
        groups.remove()
        for pid in processes.with_words(f"{self.places.run}/containerd.sock"):
            processes.stop(pid, patience=0)
        groups.remove()
        self._unmount()
        network.remove()
        for folder in (self.places.state, self.places.run):
            shutil.rmtree(folder, ignore_errors=True)

    def answers(self) -> bool:
        """Whether the API server is ready."""
        if not network.is_there():
            return False
        try:
            return Api(self.places.kubeconfig).text("GET", "/readyz", seconds=5) == "ok"
        except (OSError, Refused, urllib3.exceptions.HTTPError):
            return False

    def _is_ready(self) -> bool:
        if not network.is_there():
            return False
        try:
            found = Api(self.places.kubeconfig).ask("GET", f"/api/v1/nodes/{NODE}", seconds=5)
        except (OSError, Refused, urllib3.exceptions.HTTPError):
            return False
        conditions = {row["type"]: row["status"] for row in found["status"].get("conditions", [])}
        return conditions.get("Ready") == "True"

    def refuse_another(self) -> None:
        """There is one on a machine: another home's is not taken for one's own."""
        try:
            home = Path(self.places.owner.read_text(encoding="utf-8"))
        except OSError:
            return
        if home != self.places.kept and Node(Places(home, self.places.run), self.say).running():
            raise NotPossible(
                f"This machine has a node already, of {home}. "
                f"Fix: make kubernetes-down KUBERNETES_NODE_HOME={home}"
            )

    def _argv(self, program: Program) -> list[str]:
        return network.within(*program.argv) if program.is_within else list(program.argv)

    def _begin_anew(self) -> None:
        """Certificates and settings of a node that has no past."""
        self.down()
        certificates.make(self.places.state / "pki")
        self.places.run.mkdir(parents=True, exist_ok=True)
        self.places.owner.write_text(str(self.places.kept), encoding="utf-8")
        words = {
            "STATE": self.places.state, "RUN": self.places.run, "REGISTRY": REGISTRY, "THERE": THERE,
            "NODE": NODE, "NAME": NAME, "PODS": PODS,
        }  # fmt: skip
        etc = self.places.state / "etc"
        for template, target in FILES.items():
            text = (ETC / template).read_text(encoding="utf-8")
            for word, value in words.items():
                text = text.replace(f"@{word}@", str(value))
            (etc / target).parent.mkdir(parents=True, exist_ok=True)
            (etc / target).write_text(text, encoding="utf-8")
        (etc / "resolv.conf").write_text("nameserver 127.0.0.1\n", encoding="utf-8")

    def _wait_for(self, name: str, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + SECONDS
        while not condition():
            if self.pid(name) is None or time.monotonic() > until:
                log = self.places.logs / f"{name}.log"
                last = "\n".join(log.read_text(errors="replace").strip().splitlines()[-8:])
                what = "ended" if self.pid(name) is None else f"does not answer after {SECONDS:.0f} s"
                raise NotPossible(f"{name} of the node {what}; the end of {log}:\n{last}")
            time.sleep(0.1)

    def _unmount(self) -> None:
        """Deepest first, what containers, volumes and builds left mounted."""
        ours = tuple(f"{folder}/" for folder in (self.places.state, self.places.run, self.places.kept))
        rows = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
        mounted = [row.split()[1].replace("\\040", " ") for row in rows]
        for point in sorted((each for each in mounted if each.startswith(ours)), key=len, reverse=True):
            subprocess.run(["umount", "--lazy", point], capture_output=True, check=False)
