"""What a long watch has told the channel, so that it tells each cause once, and that it is over."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from toolkit.alerting import slack
from toolkit.base.redaction import redact
from toolkit.watch.sight import Sight, What

KEPT_LINES = 12
KEPT_CAUSES = 200


@dataclass
class Cause:
    """A reason for which a container of an app in a space alarms; open until it was quiet for a while.

    since and last are clock times for people, at monotonic seconds of the last sight, times how often it was
    seen, opened how often it came up.
    """

    container: str
    reason: str
    sentence: str
    what: What
    since: str
    at: float
    times: int = 0
    opened: int = 0
    is_open: bool = False
    last: str = ""
    lines: Sequence[str] = field(default_factory=tuple)

    @property
    def title(self) -> str:
        """What alarms, in a few words."""
        return f"container {self.container} {_WORDS[self.what].format(self.reason)}"

    @property
    def told(self) -> str:
        """Its whole story in a sentence."""
        often = f", {self.times} times" if self.times > 1 else ""
        state = f"last seen {self.last}" if self.is_open else "over"
        return f"{self.sentence}{often} since {self.since}, {state}"


_WORDS = {
    What.RESTART: "restarts ({})",
    What.BACK_OFF: "restarts ({})",
    What.EVICTED: "is evicted",
    What.FLAPPING: "is ready and not ready in turns",
    What.NOT_READY: "does not get ready",
}
_REMEDIES = {
    "OOMKilled": "raise the container's memory limit, or find what eats the memory",
    What.EVICTED: "the node ran short: give the container requests that are true, or find what eats the node",
    What.FLAPPING: "ask the app why its readiness changes: its dependencies, its load, the probe's timeout",
    What.NOT_READY: "ask the app why it is not ready: its log, its dependencies, the probe's path and port",
}


class Causes:
    """The causes of one app in one space."""

    def __init__(self, quiet: float) -> None:
        """quiet: seconds without a new sight after which a cause that is no lasting state is over."""
        self.quiet = quiet
        self.known: dict[tuple[str, str], Cause] = {}

    def seen(self, sight: Sight, lines: Sequence[str], now: float) -> Cause | None:
        """Take note of an alarm; its cause when that has to be told, None while it lasts."""
        key = (sight.container, sight.reason)
        if key not in self.known:
            self._make_room()
            self.known[key] = Cause(*key, sight.sentence, sight.what, _clock(), now)
        cause = self.known[key]
        cause.times += 1
        cause.at, cause.last = now, _clock()
        if cause.is_open:
            return None
        cause.is_open, cause.since, cause.what, cause.sentence = True, cause.last, sight.what, sight.sentence
        cause.opened += 1
        cause.lines = tuple(lines[-KEPT_LINES:])
        return cause

    def over(self, lasting: Collection[tuple[str, str]], now: float) -> list[Cause]:
        """The causes that ended: no state that lasts, and quiet for long enough."""
        found = []
        for key, cause in self.known.items():
            if key in lasting:
                cause.at = now
            elif cause.is_open and now - cause.at >= self.quiet:
                cause.is_open = False
                found.append(cause)
        return found

    def _make_room(self) -> None:
        """Reasons come from the cluster: however many it invents, memory stays what it is."""
        if len(self.known) >= KEPT_CAUSES:
            oldest = min(self.known, key=lambda key: (self.known[key].is_open, self.known[key].at))
            del self.known[oldest]


def raised(cause: Cause, app: str, space: str, version: str) -> slack.Message:
    """The alert about a cause that came up."""
    remedy = _REMEDIES.get(cause.reason) or "read the log lines above; is it the newest release's fault?"
    back = f"to go back: make rollback APP={app} ENV={space}"
    facts = [("what", cause.sentence), ("since", cause.since), ("release", version or "unknown")]
    title = f"❌ {app}: {cause.title} in {space}"
    return _message(title, facts, cause.lines, f"{remedy}; {back}")


def ended(cause: Cause, app: str, space: str, quiet: float) -> slack.Message:
    """The message that a cause is over."""
    minutes = f"{quiet / 60:.0f} min" if quiet >= 60 else f"{quiet:.0f} s"
    thing = "restart" if cause.what in (What.RESTART, What.BACK_OFF) else "sign"
    title = f"✅ {app}: over in {space}: no {thing} of {cause.container} ({cause.reason}) for {minutes}"
    times = "once" if cause.times == 1 else f"{cause.times} times"
    return _message(title, [("was", f"{cause.title}, seen {times} since {cause.since}")], (), "")


def _message(
    title: str, facts: Sequence[tuple[str, str]], lines: Sequence[str], remedy: str
) -> slack.Message:
    """A compact alert: Slack's limits are those of toolkit.alerting.slack."""
    title, remedy = redact(title), redact(remedy)
    facts = [(name, redact(value)) for name, value in facts]
    lines = [redact(line) for line in lines]
    text = "\n".join(f"*{name.capitalize()}:* {slack.escape(value, 800)}" for name, value in facts)
    if lines:
        shown = "\n".join(line[-200:] for line in lines).replace("`", "'")
        text += f"\n```{slack.escape(shown, 1200)}```"
    text += f"\n*What to do:* {slack.escape(remedy, 400)}" if remedy else ""
    header = {"type": "plain_text", "text": slack.escape(title, slack.HEADER_LIMIT), "emoji": True}
    section = {"type": "mrkdwn", "text": text, "verbatim": True}
    blocks: list[slack.Block] = [{"type": "header", "text": header}, {"type": "section", "text": section}]
    plain = [title, *(f"  {name:<12} {value}" for name, value in facts), *(f"    | {each}" for each in lines)]
    plain += [f"  {'what to do':<12} {remedy}"] if remedy else []
    first = f"{title} — {facts[0][1]}" if lines or remedy else title
    return slack.Message(slack.escape(first, slack.SECTION_LIMIT), blocks, "\n".join(plain))


def _clock() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
