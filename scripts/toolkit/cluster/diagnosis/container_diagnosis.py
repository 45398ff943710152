"""One container's status to findings: pure, no clock, no network, no exception for any mutilated input."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.cluster.api.event_index import event_time
from toolkit.cluster.diagnosis import probes, signs
from toolkit.cluster.diagnosis.finding import Cause, Finding, fatal, healing, suspicious, waiting
from toolkit.objects.fields import mapping, number, text

Json = dict[str, Any]

# A stop by a probe shows in the container's status a moment before the event that tells of it may be here.
EVENT_PATIENCE = 3.0
# Exit codes of a process that was told to stop; a crash of its own has others.
STOPPED = (0, 137, 143)
# A container that ended twice and serves again is doomed unless that was all, and this long is long enough.
READY_AGAIN_PATIENCE = 10.0
SETTLE_AFTER_EXIT = 10.0


@dataclass(frozen=True)
class Container:
    """A container of a pod that is not simply fine.

    pod is "Pod/name", events are those about it, oldest first; lasting says whether an end of it is never in
    order (a Job counts its pods' ends itself); ready_since is when the pod became ready, "" when it is not;
    unready_since since when it is not ready, "" when it is; afterwards says what comes after an end of one
    that is not lasting.
    """

    pod: str
    status: Json
    spec: Json
    events: Sequence[Json]
    init: bool
    lasting: bool
    ready_since: str = ""
    unready_since: str = ""
    afterwards: str = ""

    @property
    def name(self) -> str:
        """Its name in the pod."""
        return text(self.status, "name")

    @property
    def sidecar(self) -> bool:
        """Whether it is an init container that stays beside the others."""
        return self.init and text(self.spec, "restartPolicy") == "Always"

    def findings(self) -> list[Finding]:
        """What is wrong with it, or what it waits for."""
        unstarted = self._unstarted()
        if unstarted:
            return [unstarted]
        running = bool(mapping(self.status, "state", "running"))
        ended = self._ended(running=running)
        found = [ended] if ended else []
        if self.init and not self.sidecar:
            if running and not ended:
                found.append(
                    waiting(Cause.STARTING, self.pod, "this init container is still running", self.name)
                )
            return found
        # What ended once and runs again is judged by whether it gets ready.
        if running and (ended is None or ended.severity == "waiting"):
            ready = self._liveness() if self.status.get("ready") is True else self._readiness()
            found += [ready] if ready and ready.key not in {each.key for each in found} else []
        return found

    def _unstarted(self) -> Finding | None:
        """Why it could not be started at all."""
        reason, said = (text(self.status, "state", "waiting", word) for word in ("reason", "message"))
        image = text(self.spec, "image") or text(self.status, "image")
        if reason in signs.IMAGE_NAME:
            sentence = f"the image {image} cannot be had ({reason}): {short(said)}"
            return fatal(Cause.IMAGE, self.pod, sentence, self.name)
        if reason in signs.PULLING:
            return self._pull(image, said)
        if reason in signs.CONFIGURATION:
            sentence = f"its configuration is not there or not allowed: {short(said)}"
            make = healing if signs.is_cache(said) else suspicious
            return make(Cause.CONFIGURATION, self.pod, sentence, self.name)
        if reason not in signs.STARTING | signs.CREATING:
            return None
        if signs.is_start_of_node(said):
            return self._stumble(said)
        if reason in signs.STARTING:
            sentence = f"its command cannot be run ({reason}): {short(said)}"
            return fatal(Cause.COMMAND, self.pod, sentence, self.name)
        sentence = f"it cannot be created ({reason}): {short(said)}"
        return suspicious(Cause.COMMAND, self.pod, sentence, self.name)

    def _stumble(self, said: str) -> Finding:
        """The node did not get as far as the command: that says nothing about the command."""
        sentence = f"its node could not start it, and tries again: {short(said)}"
        if not self.lasting:
            return waiting(Cause.NODE, self.pod, sentence, self.name)
        return healing(Cause.NODE, self.pod, sentence, self.name)

    @property
    def _stumbles(self) -> int:
        """How many of its ends were the node's, as far as its events tell: they count like restarts."""
        return sum(
            max(1, number(event, "count", default=1))
            for event in self.events
            if text(event, "reason") == "Failed" and signs.is_stumble(text(event, "message"))
        )

    def _pull(self, image: str, said: str) -> Finding:
        # While it backs off the kubelet may repeat no reason; the last "Failed" event has it.
        failed = [text(event, "message") for event in self.events if text(event, "reason") == "Failed"]
        words = [said, *(line for line in reversed(failed) if image and image in line)]
        cause = next(
            (Cause.IMAGE for line in words[:2] if signs.pull_failure(line) is Cause.IMAGE), Cause.REGISTRY
        )
        shown_words = short(max(words[:2], key=len))
        if cause is Cause.IMAGE:
            return fatal(cause, self.pod, f"the image {image} does not exist: {shown_words}", self.name)
        make = suspicious if any(map(signs.is_credentials, words[:2])) else healing
        return make(cause, self.pod, f"the image {image} cannot be pulled: {shown_words}", self.name)

    def _ended(self, *, running: bool) -> Finding | None:
        """What its ends so far mean; None when it has not ended, or ended as it should."""
        now = mapping(self.status, "state", "terminated")
        last = now or mapping(self.status, "lastState", "terminated")
        backing_off = text(self.status, "state", "waiting", "reason") == signs.BACK_OFF
        restarts = number(self.status, "restartCount")
        exits = restarts + (1 if now or backing_off else 0)
        code, reason = number(last, "exitCode", default=-1), text(last, "reason")
        work = self.init and not self.sidecar
        if exits <= 0 or ((work or not self.lasting) and now and code == 0):
            return None
        said = text(last, "message")
        if (reason in signs.NEVER_RAN or code == signs.NOT_STARTED) and signs.is_start_of_node(said):
            return None if running else self._stumble(said)  # the next try runs: that settles it
        exits = max(1, exits - self._stumbles)
        if reason == signs.LOST:
            return waiting(Cause.DISRUPTION, self.pod, "its node was lost and came back", self.name)
        cause, sentence, settles = self._why(last, exits)
        never_ran = reason in signs.NEVER_RAN
        if not self.lasting and not never_ran:
            return waiting(cause, self.pod, f"{sentence}; {self.afterwards}", self.name)
        ready = self.status.get("ready") is True
        if not ready and (never_ran or code in signs.CANNOT_RUN):
            words = signs.CANNOT_RUN.get(code, "could not be started")
            told = short(said) or f"exit code {code}"
            return fatal(Cause.COMMAND, self.pod, f"its command {words}: {told}", self.name)
        if ready:
            sentence = f"{sentence}; it runs and is ready now"
            if exits < 2:
                return waiting(cause, self.pod, sentence, self.name, settles)
            return suspicious(cause, self.pod, sentence, self.name, READY_AGAIN_PATIENCE, settles)
        if exits < 2 and not (backing_off and cause is Cause.CRASH):
            if running:
                return waiting(cause, self.pod, sentence, self.name)
            return suspicious(cause, self.pod, sentence, self.name)
        if cause is Cause.CRASH and code in STOPPED and self._has_killing_probe():
            return suspicious(cause, self.pod, sentence, self.name, EVENT_PATIENCE)
        return fatal(cause, self.pod, sentence, self.name, self._advice(cause))

    def _advice(self, cause: Cause) -> str:
        """The remedy, where what is known of the container makes it a better one than its cause's."""
        which = self._killing_probe() if cause is Cause.PROBE else ""
        if not which:
            return ""
        probe = mapping(self.spec, f"{which}Probe")
        listens = probes.answered(probe, probes.last_answer(self.events, which))
        slow = "a slow start needs a startupProbe, or one that allows it more time"
        return f"{probes.advice(which, probe, listens=listens)}; {slow}"

    def _killing_probe(self) -> str:
        """Which probe had it killed last, "" when none did."""
        for event in reversed(self.events):
            which = signs.probe_kill(text(event, "message")) if text(event, "reason") == "Killing" else ""
            if which:
                return which
        return ""

    def _why(self, last: Json, exits: int) -> tuple[Cause, str, float]:
        """The cause of its last end, a sentence, and how long it must stay after it to be trusted, in s."""
        lived = seconds_between(text(last, "startedAt"), text(last, "finishedAt"))
        settles = min(probes.SETTLE_AT_MOST, lived + SETTLE_AFTER_EXIT)
        if text(last, "reason") == "OOMKilled":
            limit = text(self.spec, "resources", "limits", "memory") or "none set"
            return Cause.OUT_OF_MEMORY, f"ran out of memory {times(exits)} (memory limit: {limit})", settles
        which = self._killing_probe()
        if which:
            probe, answer = mapping(self.spec, f"{which}Probe"), self._last_answer(which)
            how = probes.words(which, probe)
            sentence = f"{how} failed and it was restarted, {times(exits)} so far: {answer}"
            return Cause.PROBE, sentence, probes.until_killed(probe)
        sentence = f"ended {times(exits)} after its start, last with {exit_words(last)}"
        return Cause.CRASH, sentence, settles

    def _has_killing_probe(self) -> bool:
        return bool(mapping(self.spec, "livenessProbe") or mapping(self.spec, "startupProbe"))

    def _last_answer(self, which: str, since: str = "") -> str:
        return short(probes.last_answer(self.events, which, since))

    def _readiness(self) -> Finding | None:
        """What keeps a container that runs from being ready: a start, the app's no, or a change of mind."""
        if self.status.get("ready") is not False:
            return None
        started = text(self.status, "state", "running", "startedAt")
        startup = mapping(self.spec, "startupProbe")
        if startup and self.status.get("started") is False:
            said = self._last_answer("startup", started)
            sentence = f"{probes.words('startup', startup)} has not passed yet: {said}"
            return waiting(Cause.STARTING, self.pod, sentence, self.name)
        probe = mapping(self.spec, "readinessProbe")
        if not probe:
            return None
        said = self._last_answer("readiness", started)
        how, listens = probes.words("readiness", probe), probes.answered(probe, said)
        advice = probes.advice("readiness", probe, listens=listens)
        if started and self.unready_since > started:
            sentence = f"was ready and is not any more, {how} does not pass: {said}"
            return healing(Cause.READINESS_LOST, self.pod, sentence, self.name, advice)
        if said == probes.NO_ANSWER:
            # Its node has not asked it since it started, or did not tell: nothing is known against it.
            sentence = f"{how} has no answer yet: {said}"
            return waiting(Cause.NOT_LISTENING, self.pod, sentence, self.name)
        if listens:
            sentence = f"{how} does not pass: {said}"
            return healing(Cause.READINESS, self.pod, sentence, self.name, advice)
        sentence = f"{how} has no answer yet: {said}"
        return healing(Cause.NOT_LISTENING, self.pod, sentence, self.name, advice)

    def _liveness(self) -> Finding | None:
        """A liveness probe that fails on a container that is ready: it is about to be killed, or recovers."""
        probe = mapping(self.spec, "livenessProbe")
        if not probe:
            return None
        started = text(self.status, "state", "running", "startedAt")
        failed = [event for event in self.events if self._is_liveness_failure(event, started)]
        if not failed:
            return None
        count = sum(max(1, number(event, "count", default=1)) for event in failed)
        sentence = f"is ready, and its liveness probe failed {times(count)}: {self._last_answer('liveness')}"
        period, timeout = (
            number(probe, "periodSeconds", default=10),
            number(probe, "timeoutSeconds", default=1),
        )
        settles = min(probes.SETTLE_AT_MOST, period + timeout + 2.0)
        return waiting(Cause.PROBE, self.pod, sentence, self.name, settles)

    def _is_liveness_failure(self, event: Json, started: str) -> bool:
        said, when = text(event, "message"), event_time(event)
        if text(event, "reason") != "Unhealthy" or not said.lower().startswith("liveness probe failed"):
            return False
        if when < started:
            return False  # about the container before the restart
        # Before it was ready it may not have listened yet; an HTTP answer it gave itself.
        return when > self.ready_since or "statuscode" in said


def seconds_between(earlier: str, later: str) -> float:
    """Seconds between two times that the same node wrote down (RFC 3339); 0 when they tell nothing."""
    try:
        seconds = (
            datetime.datetime.fromisoformat(later) - datetime.datetime.fromisoformat(earlier)
        ).total_seconds()
    except (ValueError, TypeError):
        return 0.0
    return max(0.0, seconds)


def exit_words(last: Json) -> str:
    """How a process ended, for a person."""
    code, signal = number(last, "exitCode", default=-1), number(last, "signal")
    if signal:
        return f"signal {signal}"
    words = {
        0: "exit code 0 (it should keep running)",
        137: "exit code 137 (killed)",
        143: "exit code 143 (stopped)",
    }
    return words.get(code, f"exit code {code}" if code >= 0 else "an unknown exit code")


def times(count: int) -> str:
    """once, twice, 3 times."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def short(message: str) -> str:
    """A message on one line, no longer than a person reads. The reason stands at its end: that stays."""
    line = " ".join(message.split())
    return line if len(line) <= 400 else f"{line[:120]} ... {line[-275:]}"
