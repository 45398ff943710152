"""Runs on their way to an end, and what was said of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests import ROOT
from tests.scripts.alerting.webhook import Webhook
from tests.scripts.scripted import Scripted, until

WAITS = "echo $$ > {id}.pid; exec sleep 300"


def alert(run: Scripted, *flags: str, webhook: str = "") -> str:
    """scripts/alert.py on the same checkout."""
    argv = [sys.executable, str(ROOT / "scripts/alert.py"), "--config", str(run.root / "apps.toml"), *flags]
    ran = subprocess.run(
        argv, cwd=run.root, env=run.env | {"SLACK_WEBHOOK": webhook}, text=True, timeout=90, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def lone(run: Scripted, script: str) -> list[str]:
    """The command of one stage script by itself, on the toy app."""
    config = str(run.root / "apps.toml")
    return [sys.executable, str(ROOT / f"scripts/{script}.py"), "--app", "toy", "--config", config]


def lints_by(run: Scripted, command: str) -> None:
    """The toy app's linter is a command of a shell."""
    file = run.root / "apps.toml"
    file.write_text(file.read_text().replace('[["true"]]', f'[["sh", "-c", "{command}"]]'))


def waits(run: Scripted, id: str) -> None:
    run.stage(id, WAITS.format(id=id))


def begun(run: Scripted, id: str) -> int:
    """The process of a stage, once it waits."""
    file = run.root / f"{id}.pid"
    until(lambda: file.exists() and file.read_text().strip())
    until(lambda: "process" in run.stages()[id])
    return int(file.read_text())


def gone(pid: int) -> bool:
    """Whether it has ended; nobody may have waited for it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def titles(webhook: Webhook) -> list[str]:
    return [body["blocks"][0]["text"]["text"] for body in webhook.bodies]


def told(webhook: Webhook) -> str:
    return json.dumps(webhook.bodies, ensure_ascii=False)
