"""One container of one pod: started, watched, restarted and ended as a kubelet does it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from pathlib import Path
from typing import Any

from sandbox.base import quantity
from sandbox.node.containers import logs
from sandbox.node.containers.attempts import Attempts
from sandbox.node.containers.home import Home
from sandbox.node.containers.prepare import ImageError, find_image, program_in
from sandbox.node.containers.starting import Starter
from sandbox.node.containers.termination import Ending, Kill, signal_number
from sandbox.node.probes.checks import Listener, check
from sandbox.node.probes.handlers import Answer, Target, run
from sandbox.node.probes.probing import Kind, Settings
from sandbox.node.processes import memory
from sandbox.node.processes.process import Exit, Process, StartError
from sandbox.node.reporting.status import ContainerView, waiting
from sandbox.node.timing.backoff import Backoff
from sandbox.node.timing.durations import go_duration, rfc3339

Object = dict[str, Any]
MESSAGE_BYTES, MESSAGE_LINES, LOG_MESSAGE_BYTES = 4096, 80, 2048  # kubelet: termination messages
HOOK_SECONDS = 60.0
OOM_MARK = "oom"
log = logging.getLogger(__name__)


class Container:
    """Runs until it has ended for good or `stop` was called. ``home`` is the pod it lives in; ``earlier``
    the status that an earlier node reported."""

    def __init__(self, home: Home, spec: Object, *, init: bool, earlier: Object | None = None) -> None:
        self.home, self.spec, self.init = home, spec, init
        self.view = ContainerView(
            spec["name"], spec.get("image", ""), sidecar=init and spec.get("restartPolicy") == "Always"
        )
        self.label = f"init:{spec['name']}" if init else str(spec["name"])  # as events want it
        self.attempts = Attempts(home.directory / "containers" / spec["name"])
        self.backoff = Backoff(home.scale)
        self.ending = Ending()
        self.starter = Starter(home, spec, self.label, self.view, self.attempts, self.ending)
        self.stopping = False
        self.lived = False  # `run` was called
        self.process: Process | None = None
        self.over: Object | None = None  # how the newest attempt ended
        self.quiet = asyncio.Event()  # nothing runs now, for those who follow the log
        self.up = asyncio.Event()  # the startup probe has passed
        self._earlier = earlier or {}

    async def run(self) -> None:
        """Live: start or find again, watch, restart. Returns when ended for good."""
        self.lived = True
        self._find_again()
        while not self.stopping or self.process is not None:
            if self.process is None and self.over is None:
                await self._start()
                if self.process is None and self.over is None:
                    continue
            if self.process is not None:
                await self._watch(self.process)
            if not self.stopping:
                self.ending.reset()  # a probe's request is done with
            if self.stopping or not self._again():
                return
            await self._back_off()

    def stop(self, grace: float) -> None:
        """End the container for good; a later call can only shorten the grace (seconds)."""
        self.stopping = True
        self.ending.request(Kill(grace))

    def log(self, previous: bool) -> Path | None:
        """The log of the newest attempt, or of the one that lastState tells of."""
        if not previous:
            return self.attempts.log()
        last = self.view.last_state.get("terminated") or {}
        return self.attempts.log_of(last.get("containerID", ""))

    def _find_again(self) -> None:
        """Continue where an earlier node left off."""
        self.view.restarts = max(self.attempts.latest, 0)
        record = self.attempts.record()
        if record is None:
            if self._earlier.get("containerID"):  # it ran, but nothing of it is left on this disk
                self.view.restarts = int(self._earlier.get("restartCount", 0)) + 1
                self.view.last_state = self._earlier.get("lastState") or {}
                self.attempts.latest = self.view.restarts - 1
            return
        self.view.container_id, self.view.image_id = record["container_id"], record["image_id"]
        self.view.last_state = record.get("last_state") or {}
        with contextlib.suppress(ImageError):
            self.starter.image = find_image(self.home.store, {"image": record["image_id"]})
        process = Process.adopt(self.attempts.directory)
        if process is None:
            message = "The container could not be located when the sandbox was started again"
            self._ended(Exit(137, 0, time.time()), None, "ContainerStatusUnknown", message)
        elif over := process.ended():
            self._ended(over, process)
        else:
            self.process = process
            self.view.ready = bool(self._earlier.get("ready"))
            if self._earlier.get("started"):
                self.up.set()

    async def _start(self) -> None:
        try:
            self.process = await self.starter.start()
        except StartError as error:
            self._ended(Exit(error.code, 0, time.time()), None, "StartError", str(error))
            if self._again():
                self.view.last_state = {"terminated": self.over}
                self.view.state = waiting("RunContainerError", str(error))
                self.home.changed()

    def _again(self) -> bool:
        """Whether the restart policy wants another attempt."""
        policy = self.home.pod["spec"].get("restartPolicy", "Always")
        if self.view.sidecar:
            return True
        if self.init or policy == "OnFailure":
            return bool(self.over and self.over["exitCode"]) and policy != "Never"
        return bool(policy == "Always")

    async def _back_off(self) -> None:
        """Wait as long as the last failures ask for, then make room for the next attempt."""
        wait = self.backoff.failed(time.monotonic())
        self.view.last_state = {"terminated": self.over}
        if wait:
            name, pod = self.spec["name"], self.home.named
            self.view.state = waiting(
                "CrashLoopBackOff",
                f"back-off {go_duration(wait)} restarting failed container={name} pod={pod}",
            )
            message = f"Back-off restarting failed container {name} in pod {pod}"
            self.home.event("Warning", "BackOff", message, self.label)
            self.home.changed()
            await self.starter.pause(wait)
        if not self.stopping:
            self.over = None
            if not wait and "terminated" in self.view.state:
                self.view.state = {}

    # -- while it runs -----------------------------------------------------------------------------

    async def _watch(self, process: Process) -> None:
        """From running to ended."""
        self.quiet.clear()
        self.view.state = {"running": {"startedAt": rfc3339(process.started)}}
        if not self.spec.get(Kind.STARTUP.field):
            self.up.set()
        self._refresh()
        over = asyncio.create_task(process.wait())
        helpers = [asyncio.create_task(work) for work in self._helpers(process)]
        try:
            while not over.done():
                asked = asyncio.create_task(self.ending.asked.wait())
                await asyncio.wait([over, asked], return_when=asyncio.FIRST_COMPLETED)
                asked.cancel()
                if not over.done():
                    await self._end(process, over)
        finally:
            over.cancel()
            for helper in helpers:
                helper.cancel()
            for result in await asyncio.gather(*helpers, return_exceptions=True):
                if isinstance(result, Exception):
                    log.error("watching %s of %s failed", self.label, self.home.named, exc_info=result)
        self._ended(over.result(), process)
        self.quiet.set()

    def _helpers(self, process: Process) -> list[Any]:
        clock = asyncio.get_running_loop().time
        age = max(0.0, time.time() - process.started)
        listener = Listener(self._look, self._verdict, self._unhealthy)
        work: list[Any] = [check(self.spec, clock() - age, self.up, listener, self.home.slowness)]
        limit = ((self.spec.get("resources") or {}).get("limits") or {}).get("memory")
        if limit is not None:
            work.append(self._limit_memory(process, int(quantity.parse(limit))))
        hook = (self.spec.get("lifecycle") or {}).get("postStart")
        if hook and not process.adopted:
            work.append(self._post_start(hook))
        return work

    async def _end(self, process: Process, over: asyncio.Task[Exit]) -> None:
        kill = self.ending.kill
        message = (kill.message if kill else "") or f"Stopping container {self.spec['name']}"
        self.home.event("Normal", "Killing", message, self.label)
        hook: Object = (self.spec.get("lifecycle") or {}).get("preStop") or {}

        async def pre_stop(grace: float) -> None:
            answer = await self._look(hook, grace)
            if not answer.success:
                self.home.event(
                    "Warning", "FailedPreStopHook", f"PreStopHook failed: {answer.output}", self.label
                )

        image = self.starter.image
        number = signal_number(str(image.config.get("stopSignal") or "SIGTERM") if image else "SIGTERM")
        await self.ending.carry_out(process, over, number, pre_stop if hook else None)

    async def _post_start(self, hook: Object) -> None:
        answer = await self._look(hook, HOOK_SECONDS)
        if not answer.success:
            self.home.event(
                "Warning", "FailedPostStartHook", f"PostStartHook failed: {answer.output}", self.label
            )
            self.ending.request(Kill(self.home.grace, "FailedPostStartHook"))

    async def _look(self, handler: Object, timeout: float) -> Answer:
        """Run a probe or a hook against the running process."""
        process = self.process
        if process is None:
            return Answer(False, "the container is not running")
        ports = {
            port["name"]: port["containerPort"] for port in self.spec.get("ports") or () if port.get("name")
        }
        target = Target(self.home.ip, ports)
        if "exec" in handler:
            env, cwd = process.environment(), process.directory_of_work()
            root = process.directory / "root"
            target = Target(
                self.home.ip, ports, env, cwd, lambda name: program_in(root, env, Path(cwd), name)
            )
        return await run(handler, target, timeout)

    def _unhealthy(self, kind: Kind, output: str) -> None:
        if not self.stopping:
            self.home.event("Warning", "Unhealthy", f"{kind} probe failed: {output}", self.label)

    def _verdict(self, kind: Kind, healthy: bool) -> None:
        if kind is Kind.READINESS:
            if self.view.ready != healthy:
                self.view.ready = healthy
                self.home.changed()
        elif kind is Kind.STARTUP and healthy:
            self.up.set()
            self._refresh()
        elif not healthy and not self.stopping:
            grace = Settings.of(self.spec[kind.field]).grace
            message = f"Container {self.spec['name']} failed {kind.lower()} probe, will be restarted"
            self.ending.request(Kill(self.home.grace if grace is None else float(grace), message))

    def _refresh(self) -> None:
        """``started`` and, without a readiness probe, ``ready`` follow the startup probe."""
        self.view.started = self.up.is_set()
        if not self.spec.get(Kind.READINESS.field):
            self.view.ready = self.view.started
        self.home.changed()

    async def _limit_memory(self, process: Process, limit: int) -> None:
        await memory.exceeded(process.pid, limit)
        (process.directory / OOM_MARK).touch()
        process.signal(signal.SIGKILL)

    # -- afterwards --------------------------------------------------------------------------------

    def _ended(self, over: Exit, process: Process | None, reason: str = "", message: str = "") -> None:
        directory = self.attempts.directory
        if not reason:
            killed = (directory / OOM_MARK).exists()
            reason = "OOMKilled" if killed else "Completed" if over.code == 0 else "Error"
            message = self._message(directory, over.code)
        self.over = {
            "exitCode": over.code, "reason": reason, **({"message": message} if message else {}),
            "startedAt": rfc3339(process.started if process else 0.0),
            "finishedAt": rfc3339(over.finished), "containerID": self.view.container_id,
        }  # fmt: skip
        self.view.state = {"terminated": self.over}
        self.view.ready, self.view.started = self.init and over.code == 0, False
        self.up.clear()
        self.process = None
        self.home.changed()

    def _message(self, directory: Path, code: int) -> str:
        """What the container left as its termination message, or its last words when it asked for that."""
        path = (self.spec.get("terminationMessagePath") or "/dev/termination-log").lstrip("/")
        with contextlib.suppress(OSError):
            with (directory / "root" / path).open("rb") as file:
                text = file.read(MESSAGE_BYTES).decode("utf-8", "replace")
            if text:
                return text
        if code and self.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            return logs.last_lines(directory / "log", MESSAGE_LINES, LOG_MESSAGE_BYTES)
        return ""
