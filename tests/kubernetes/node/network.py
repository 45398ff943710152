"""A network namespace for the node, and a pair of links between it and this machine.

This machine has no way to the node's Services and pods, as nobody has to those of a cluster elsewhere: what
is sent there is refused at once. By the default route it would leave, and somebody else would answer.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.kubernetes.node.parts import PATH, NotPossible, find
from tests.kubernetes.node.places import HERE, NAME, PODS, SERVICES, THERE

LINK, PEER = "fb-kube-host", "fb-kube-node"
NAMESPACE = Path("/var/run/netns") / NAME


def within(*argv: str) -> list[str]:
    """The command that runs these words in the node's network."""
    return [find("nsenter") or "nsenter", f"--net={NAMESPACE}", *argv]


def is_there() -> bool:
    """Whether it is made: without it, what is sent to the node leaves this machine."""
    return NAMESPACE.exists() and Path("/sys/class/net", LINK).exists()


def make() -> None:
    """Make what is not there. Raises NotPossible where this machine does not allow it."""
    if not NAMESPACE.exists():
        _run("ip", "netns", "add", NAME)
    if not Path("/sys/class/net", LINK).exists():
        _run("ip", "link", "add", LINK, "type", "veth", "peer", "name", PEER)
        _run("ip", "link", "set", PEER, "netns", NAME)
    _run("ip", "address", "replace", f"{HERE}/24", "dev", LINK)
    _run("ip", "link", "set", LINK, "up")
    for words in (
        ("link", "set", "lo", "up"),
        ("address", "replace", f"{THERE}/24", "dev", PEER),
        ("link", "set", PEER, "up"),
        ("route", "replace", "default", "via", HERE),
    ):
        _run("ip", "-n", NAME, *words)
    for addresses in (SERVICES, PODS):
        _run("ip", "route", "replace", "unreachable", addresses)
    _run(*within("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"))


def remove() -> None:
    """Take it away; what is not there is left alone."""
    for addresses in (SERVICES, PODS):
        if _output("ip", "route", "show", "type", "unreachable", "exact", addresses):
            _run("ip", "route", "delete", "unreachable", addresses)
    if Path("/sys/class/net", LINK).exists():  # first: without its namespace it would go by itself, some time
        _run("ip", "link", "delete", LINK)
    if NAMESPACE.exists():
        _run("ip", "netns", "delete", NAME)


def _run(*argv: str) -> None:
    _output(*argv)


def _output(*argv: str) -> str:
    environment = {**os.environ, "PATH": PATH}
    ran = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        said = " ".join((ran.stderr.strip() or ran.stdout.strip() or f"exit code {ran.returncode}").split())
        raise NotPossible(f"This machine does not allow the node its network: `{' '.join(argv)}`: {said}")
    return ran.stdout
