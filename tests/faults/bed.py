"""Where runs are killed: the tiny app in a space of its own, a Slack that counts, and what is true after.

A round is decided by its seed alone: what is run, what is killed and when.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.sandbox.local import Refused, Sandbox, eventually
from tests.sandbox.pipeline.production import apps_toml
from tests.sandbox.platform_double import Platform
from tests.scripts.alerting.slack_double import Message, Slack

# Stay until every proxy has heard that this pod is leaving: no request of a user is lost.
GRACE = 'lifecycle: { preStop: { exec: { command: [sleep, "1"] } } }'
RUNS = ("pipeline", "pipeline", "pipeline", "deploy", "rollback", "watch", "alert")
VICTIMS = ("engine", "stage", "tree")
FAULTS: dict[str, dict[str, str]] = {
    "good": {},
    "crash": {"EXIT_CODE": "3"},
    "late crash": {"EXIT_AFTER": "4"},
}
PHASES = {
    "good": ("deploy", "healthcheck", "watch", "alert"),
    "crash": ("deploy", "deploy", "alert"),  # the deployment goes back itself
    "late crash": ("healthcheck", "watch", "rollback", "rollback", "alert"),
}
LATEST = {"deploy": 8.0, "alert": 0.6}  # seconds after the beginning of a phase; of the rest:
SOON = 3.0
MARK = "FAULTS_MARK"
ENDS = (0, 1, 3, 4, 130)


@dataclass(frozen=True)
class Plan:
    """One round. `phase`: the stage that is waited for, with `delay` seconds on top."""

    run: str
    victim: str
    fault: str
    phase: str
    delay: float
    ci: bool  # whether somebody sends the alert at once, as a CI job does
    commit: str

    @classmethod
    def drawn(cls, seed: int, number: int) -> Plan:
        dice = random.Random(f"{seed}-{number}")  # noqa: S311 - to be repeated, not to be secret
        run = dice.choice(RUNS)
        fault = dice.choice([*FAULTS]) if run == "pipeline" else "good"
        phase = "alert" if run == "alert" else dice.choice(PHASES[fault])
        return cls(
            run if run != "alert" else "pipeline", dice.choice(VICTIMS), fault, phase,
            dice.uniform(0, LATEST.get(phase, SOON)), dice.random() < 0.5,
            f"{dice.getrandbits(160):040x}",
        )  # fmt: skip


class Bed:
    """The repository, and what runs in it. `good` is the version that has to serve."""

    def __init__(self, platform: Platform, sandbox: Sandbox, slack: Slack) -> None:
        self.platform, self.sandbox, self.slack = platform, sandbox, slack
        self.space = platform.three
        self.good = ""
        text = apps_toml(platform, (self.space,), 'lint = [["true"]]\n')
        (platform.folder / "apps.toml").write_text(text)

    def start(self, script: str, commit: str, fault: str = "good", *words: str) -> subprocess.Popen[str]:
        """Start a script for a commit whose version says so itself."""
        env = {"VERSION": commit[:12], **FAULTS[fault]}
        self.platform.manifest(env=env, extra=GRACE)
        flags = ["--app", "tiny", *words]
        if script in ("deploy", "rollback", "watch"):
            flags += ["--env", "production"]
        source = {
            "system": "git", "branch": "main", "commit": commit, "author": "Ada", "url": "", "dirty": False,
        }  # fmt: skip
        given = {"PIPELINE_SOURCE": json.dumps(source), MARK: str(self.platform.folder), "PREFLIGHT": "0"}
        return self.platform.start(script, *flags, **given, **self.slack.env())

    def run(self, script: str, commit: str, *words: str, seconds: float = 150) -> tuple[int, str]:
        """A good commit, to its end."""
        process = self.start(script, commit, "good", *words)
        output, _ = process.communicate(timeout=seconds)
        return process.returncode, output

    def records(self) -> list[dict[str, Any]]:
        files = sorted((self.platform.folder / ".pipeline/runs").glob("*/run.json"))
        return [json.loads(file.read_text()) for file in files]

    def kill(self, process: subprocess.Popen[str], plan: Plan, before: int) -> str:
        """Wait for the moment, and kill; what was killed, in words."""
        until = time.monotonic() + 90
        while process.poll() is None and time.monotonic() < until and not self._is_there(plan, before):
            time.sleep(0.02)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(plan.delay)  # the moment is the round's, not a wait for something
            return "nothing: it had ended"
        if plan.victim == "engine" or plan.run != "pipeline":
            process.kill()
            return f"{plan.run} itself"
        if plan.victim == "stage":
            stages = self.records()[-1]["stages"] if len(self.records()) > before else []
            going = [each for each in stages if each["outcome"] == "running" and "process" in each]
            for each in going:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each["process"]["pid"], signal.SIGKILL)
            return ", ".join(each["id"] for each in going) or "nothing: no stage was running"
        killed = self.marked()
        process.kill()
        for pid in killed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return f"all {len(killed)} processes"

    def _is_there(self, plan: Plan, before: int) -> bool:
        found = self.records()
        if len(found) <= before:
            return False
        return plan.run != "pipeline" or any(
            each["name"] == plan.phase and each["outcome"] == "running" for each in found[-1]["stages"]
        )

    def marked(self) -> list[int]:
        """Every process that came from here."""
        mark = f"{MARK}={self.platform.folder}".encode()
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError):
                    if mark in (folder / "environ").read_bytes().split(b"\0"):
                        found.append(int(folder.name))
        return found

    def serving(self) -> str:
        """The version that answers; "" when none does."""
        try:
            path = f"/api/v1/namespaces/ns-{self.space}/services/fb-tiny-{self.space}:80/proxy/"
            return str(self.sandbox.api("GET", path)["version"])
        except (Refused, OSError):
            return ""

    @contextlib.contextmanager
    def asked(self) -> Iterator[set[str]]:
        """Ask for the version all the time, as a user would; "" for a request that failed."""
        seen: set[str] = set()
        stop = threading.Event()

        def ask() -> None:
            while not stop.wait(0.2):
                seen.add(self.serving())

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield seen
        finally:
            stop.set()
            thread.join(90)

    def leases(self) -> list[dict[str, Any]]:
        path = f"/apis/coordination.k8s.io/v1/namespaces/ns-{self.space}/leases"
        return list(self.sandbox.api("GET", path)["items"])

    def told(self) -> dict[str, list[Message]]:
        """The messages of each run."""
        found: dict[str, list[Message]] = {}
        for each in self.slack.shown:
            assert each.metadata
            found.setdefault(each.metadata["event_payload"]["alert"], []).append(each)
        return found


def play(bed: Bed, plan: Plan) -> None:
    """One round, and all that has to be true after it."""
    before = len(bed.records())
    allowed = {bed.good, *([plan.commit[:12]] if plan.fault == "good" else [])}
    with bed.asked() as seen:
        if plan.run == "rollback":  # there must be something to go back from
            assert bed.run("pipeline", f"{plan.commit[:39]}f")[0] == 0
            allowed.add(plan.commit[:12])
            before = len(bed.records())
        process = bed.start(plan.run, plan.commit, plan.fault)
        killed = bed.kill(process, plan, before)
        output, _ = process.communicate(timeout=240)
        print(f"{plan}\nkilled {killed}; it ended with {process.returncode}")
        assert "Traceback (most recent" not in output, output
        assert process.returncode in (*ENDS, -signal.SIGKILL), output
        if plan.ci:
            code, output = bed.run("alert", plan.commit)
            assert code == 0, output
            assert bed.records()[before:] == [] or bed.records()[-1]["outcome"] != "running"
        following = f"{int(plan.commit, 16) ^ (1 << 159):040x}"
        code, output = bed.run("pipeline", following)
        assert code == 0, f"the next run did not end right:\n{output}"
        bed.good = following[:12]
        assert bed.serving() == bed.good
    if plan.fault != "late crash":  # that one serves, for a moment
        assert seen <= {*allowed, bed.good}, f"somebody saw {seen}, allowed were {allowed}"
    assert bed.leases() == [], "a lock is stuck"
    _records_are_true(bed)
    eventually(lambda: not bed.marked(), 60)


def _records_are_true(bed: Bed) -> None:
    told = bed.told()
    for record in bed.records():
        assert record["outcome"] != "running", record
        assert all(each["outcome"] != "running" for each in record["stages"]), record
        messages = told.get(record["run"], [])
        if "alerted" in record:
            assert record["alerted"] is True, record
            assert len(messages) == 1, f"{record['run']} was told {[each.texts for each in messages]}"
        assert len(messages) <= 1
        for message in messages:
            assert not message.title.startswith("🚚"), f"the end of {record['run']} was not told"
            assert (record["outcome"] == "passed") == message.title.startswith("✅"), message.texts
