"""Where the node is: names, addresses and folders, none of which anything else on this machine uses. Pure."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NAME = "fb-kubernetes"
"""Of the network namespace, the cgroup and the folder below /run."""
NODE = "fb-node"
HERE, THERE = "10.98.0.1", "10.98.0.2"
"""The two ends of the pair of links: this machine's, and the node's, where the API server is."""
SERVICES, API_SERVICE = "10.97.0.0/16", "10.97.0.1"
PODS = "10.198.0.0/16"
REGISTRY = "127.0.0.1:5055"
"""Has the same name on this machine and on the node: each has its own server, on the same files."""
SERVER = f"https://{THERE}:6443"

GO = Path(__file__).with_name("go")
ETC = Path(__file__).with_name("etc")


@dataclass(frozen=True)
class Places:
    """Folders: `kept` outlives the node (what was built), `state` and `run` go with it."""

    kept: Path
    run: Path = Path("/run") / NAME

    @property
    def state(self) -> Path:
        return self.kept / "node"

    @property
    def owner(self) -> Path:
        """Says whose node it is: network and cgroup are there once on a machine, whatever `kept` is."""
        return self.run / "owner"

    @property
    def kubeconfig(self) -> Path:
        """Of its administrator."""
        return self.state / "pki" / "admin.kubeconfig"

    @property
    def pids(self) -> Path:
        return self.state / "pids"

    @property
    def logs(self) -> Path:
        return self.state / "log"

    @property
    def audit(self) -> Path:
        """What was asked of the API server, and by whom, a JSON object a line."""
        return self.logs / "audit.jsonl"

    @property
    def builder(self) -> str:
        """DOCKER_HOST of what builds its images."""
        return f"unix://{self.run}/docker.sock"

    def programs(self, version: str) -> Path:
        """What was built of a version of Kubernetes, from the files in go/ as they are."""
        return self.kept / f"{version}-{_sources()}" / "bin"


def places(environment: Mapping[str, str] = os.environ) -> Places:
    """KUBERNETES_NODE_HOME, else a folder below $XDG_CACHE_HOME or ~/.cache."""
    said = environment.get("KUBERNETES_NODE_HOME")
    cache = Path(environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME", "/root"), ".cache"))
    return Places((Path(said) if said else cache / "form-builder-kubernetes").resolve())


def _sources() -> str:
    """Names all that is built."""
    digest = hashlib.sha256()
    for path in sorted(path for path in GO.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(GO)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:8]


def version(file: Path = GO / "go.mod", module: str = "k8s.io/kubernetes") -> str:
    """The version of a module that a go.mod pins: v1.34.4. Raises ValueError where it requires none."""
    for line in file.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if module in words and "=>" not in words:
            return words[words.index(module) + 1]
    raise ValueError(f"{file} does not require {module}")
