"""Says whether this machine can run the pipeline; each cross carries its fix. Exit code 2 if there is one.

With --app (or APP) also whether the programs of its commands are here; with --cluster (or CLUSTER) whether
that cluster can be deployed to: what is set, answers and is allowed.
It stands on bare/ alone, because it has to run before anything is set up: only the standard library, nothing
of the toolkit, and no newer grammar than Python 3.8 has.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Callable, Iterator, List, Tuple  # noqa: UP035 - Python 3.8

from bare import cluster, installed
from bare.finding import Finding, run

OLDEST = (3, 11)
PARTS = ("venv", "ensurepip", "ssl", "sqlite3")
GIGABYTE = 1024**3
FREE_GIGABYTES = 2
LOOPBACK = "127.77.0.1"
FLAGS = {
    "cluster": "a cluster of apps.toml to ask; default: its default_cluster",
    "app": "what that must hold for one app; default: for every app",
    "env": "and in one environment or space; default: in each",
}
SIGNS = {True: ("✔", "ok"), False: ("✘", "NO"), None: ("·", "--")}


def python(version: Tuple[int, ...] = sys.version_info[:3]) -> Finding:  # noqa: UP006
    """The interpreter that runs this."""
    saw = "Python " + ".".join(map(str, version))
    if tuple(version[:2]) >= OLDEST:
        return Finding(True, saw)
    return Finding(
        False,
        f"{saw} is too old",
        "install Python 3.11 or newer; if it is there under another name: make PYTHON=python3.12 ...",
    )


def modules(names: Tuple[str, ...] = PARTS) -> Finding:  # noqa: UP006
    """Parts of Python that distributions package apart or leave out."""
    missing = [name for name in names if not importlib.util.find_spec(name)]
    if not missing:
        return Finding(True, f"Python's {', '.join(names)}")
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    return Finding(
        False,
        f"this Python lacks {', '.join(missing)}",
        f"Debian and Ubuntu: apt install {name}; elsewhere: a complete Python build",
    )


def make() -> Finding:
    """GNU make."""
    if shutil.which("make"):
        return Finding(True, "make")
    return Finding(False, "make is missing", "install GNU make with this system's package manager")


def git(root: Path) -> Finding:
    """git, and a commit to name what is deployed."""
    if not shutil.which("git"):
        return Finding(False, "git is missing", "install git with this system's package manager")
    ran = run(["git", "-C", str(root), "rev-parse", "--verify", "HEAD"])
    if ran is not None and ran.returncode == 0:
        named = os.environ.get("COMMIT", "")
        known = run(
            ["git", "-C", str(root), "rev-parse", "--verify", "--end-of-options", named + "^{commit}"]
        )
        if named and (known is None or known.returncode != 0):
            return Finding(False, f"COMMIT={named}: git knows no such commit in {root}", "unset COMMIT")
        return Finding(True, f"git, at commit {ran.stdout.strip()[:12]}")
    if ran is not None and "dubious ownership" in ran.stderr:
        return Finding(
            False, "git does not trust this folder", f"git config --global --add safe.directory '{root}'"
        )
    return Finding(
        False,
        "this folder is no git repository with a commit, so releases would have no name",
        "clone it with git; or here: git init && git add -A && git commit -m 'Begin'",
    )


def disk(root: Path) -> Finding:
    """Room for .venv, the sandbox and the records."""
    free = shutil.disk_usage(str(root)).free / GIGABYTE
    if free >= FREE_GIGABYTES:
        return Finding(True, f"{free:.0f} GB of disk are free")
    return Finding(
        False,
        f"only {free:.1f} GB of disk are free",
        f"free {FREE_GIGABYTES} GB; `make clean` gives back ours (.pipeline and .sandbox)",
    )


def loopback() -> Finding:
    """The sandbox gives every pod an address of its own in 127.0.0.0/8, all of which Linux has."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
            server.bind((LOOPBACK, 0))
    except OSError as error:
        return Finding(
            False,
            f"{LOOPBACK} cannot be used ({error.strerror}): the sandbox needs all of 127.0.0.0/8",
            "use Linux (a virtual machine will do), with the loopback device up: ip link set lo up",
        )
    return Finding(True, "the addresses 127.0.0.0/8")


def registry(root: Path) -> Finding:
    """Where .venv comes from: asked for with pip's own settings, unless it is there already."""
    if installed.is_installed():
        return Finding(True, f"the toolkit is installed in {sys.prefix}")
    if any(installed.venv(root).glob(".ready-*")):
        return Finding(True, ".venv is set up")
    if not importlib.util.find_spec("pip"):
        return Finding(None, "the package registry was not asked: this Python has no pip (.venv will)")
    ran = run(
        [sys.executable, "-m", "pip", "index", "versions", "pip", "--timeout", "5", "--retries", "0"],
    )
    if ran is not None and ran.returncode == 0:
        return Finding(True, "the package registry answers")
    return Finding(
        False,
        "the package registry does not answer, and .venv is not set up",
        "check the network, or name your mirror: pip config set global.index-url https://...",
    )


def sandbox(root: Path) -> Finding:
    """The embedded cluster; it starts by itself."""
    state = Path(os.environ.get("SANDBOX_STATE") or root / ".sandbox")
    try:
        pid = int(json.loads((state / "daemon.json").read_text(encoding="utf-8"))["pid"])
        os.kill(pid, 0)
    except (OSError, ValueError, KeyError, TypeError):
        return Finding(None, "the sandbox is not running: it starts when it is needed")
    return Finding(None, f"the sandbox is running (process {pid})")


def optional(program: str, purpose: str) -> Finding:
    """A program that most never need."""
    found = shutil.which(program)
    return Finding(None, f"{program} {'is here' if found else 'is not here'}: {purpose}")


def webhook(config: Path) -> Finding:
    """Where alerts go."""
    names = {"webhook": "SLACK_WEBHOOK", "token": "SLACK_TOKEN"}
    try:
        import tomllib

        given = tomllib.loads(config.read_text(encoding="utf-8"))["alert"]
        names.update({key: given[key]["env"] for key in names if key in given})
    except (ImportError, OSError, ValueError, KeyError, TypeError):
        pass  # their defaults, which is also what a broken apps.toml will be told about elsewhere
    for key in ("token", "webhook"):  # in the order in which they are asked
        if os.environ.get(names[key]):
            return Finding(None, f"{names[key]} is set: alerts are sent")
    return Finding(None, f"{names['webhook']} is not set: alerts are printed and kept")


def checks(root: Path, config: Path) -> List[Callable[[], Finding]]:  # noqa: UP006
    """All checks, what is needed before what is good to know."""
    return [
        python,
        modules,
        make,
        lambda: git(root),
        lambda: disk(root),
        loopback,
        lambda: registry(root),
        lambda: sandbox(root),
        lambda: optional("kubectl", "optional, to look into a cluster by hand"),
        lambda: optional("docker", 'only needed for clusters with builder = "docker"'),
        lambda: webhook(config),
    ]


def _all(root: Path, flags: List[str], config: Path) -> Iterator[Finding]:  # noqa: UP006
    """One after the other, as they are seen."""
    for check in checks(root, config):
        yield check()
    yield from cluster.findings(root, flags, config)


def main() -> int:
    """Check everything, print it, and count the crosses."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    repository = Path(__file__).resolve().parents[1]
    parser.add_argument("--root", metavar="DIR", type=Path, help="default: this repository")
    parser.add_argument("--config", metavar="FILE", type=Path, help="default: apps.toml in there")
    for flag, about in FLAGS.items():
        parser.add_argument(
            f"--{flag}", metavar=flag.upper(), default=os.environ.get(flag.upper(), ""), help=about
        )
    options = parser.parse_args()
    root = options.root or (options.config.resolve().parent if options.config else repository)
    config = options.config or root / "apps.toml"
    if options.config and not config.is_file():
        print(f"--config {config}: no such file")
        return 2
    if not root.is_dir():
        print(f"--root {root}: no such folder")
        return 2
    plain = "utf" not in (sys.stdout.encoding or "").lower()
    crosses = 0
    given = {flag: getattr(options, flag) for flag in FLAGS}
    flags = [f"--{flag}={value}" for flag, value in given.items() if value]
    for finding in _all(root, flags, config):
        well, saw, fix = finding
        print(f"{SIGNS[well][plain]} {saw}" + (f"\n    fix: {fix}" if fix else ""), flush=True)
        crosses += well is False
    if crosses:
        print(f"\n{crosses} of these must be mended first.")
        return 2
    print(f"\nReady: {installed.ready(given['app'], given['cluster'])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
