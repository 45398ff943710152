"""Whether a release that failed has to be undone, and how the undoing ended: told from a run's stages. Pure.

A stage here is what run.json keeps of it: id, name, environment, outcome, reason, details. How a rollback
ended stands in the details of the stage that did it: {"<space>": {"rollback": {"to", "from", "outcome",
"reason", "verified"}}}; a deploy stage that needs no further undoing has "settled": true beside the spaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.base.outcome import INCONCLUSIVE
from toolkit.runs import closing, record

UNDONE = ("deploy", "healthcheck", "smoke", "watch")
"""The stages whose failure means that what was deployed must not stay."""

STAGE = "rollback"
LOOK_NOW = "look now"

_FAILED = ("failed", "timed out")

Entry = Mapping[str, Any]


class Decision(NamedTuple):
    """Whether to undo. `why` is a clause for a person, "" where nothing is worth a word; `cause` is the same
    with what the stage itself said. `against`: something was found against the version, which is to be held;
    not so when a stage was killed, or could not judge.
    """

    undo: bool
    why: str = ""
    cause: str = ""
    against: bool = False


class Result(NamedTuple):
    """How going back ended in one space: to is the version that is there now, "" when it is still the failed
    one. space is "" for a rollback stage that ended badly without a word for any space."""

    space: str
    to: str
    passed: bool
    verified: bool
    reason: str

    @property
    def clause(self) -> str:
        """What happened, for a sentence; what needs a person at once is in capitals."""
        if self.passed:
            return f"rolled back to {self.to} ({'verified' if self.verified else 'not verified yet'})"
        return f"{self.alarm}: {self.reason}" if self.reason else self.alarm

    @property
    def alarm(self) -> str:
        """What went wrong, in two words; "" when nothing did."""
        if self.passed:
            return ""
        return "ROLLBACK FAILED" if self.to or not self.space else "NOT ROLLED BACK"

    @property
    def state(self) -> str:
        """What the space is in now."""
        how = "rolled back, verified" if self.verified else "rolled back, not verified yet"
        return f"serves {self.to} again ({how})" if self.passed else f"{self.clause}: {LOOK_NOW}"


def needed(entries: Iterable[Entry]) -> Decision:
    """Whether these stages of one environment leave something to undo.

    Only a failure or a timeout does, or a stage that was killed ("died", or still "running"): what was
    refused or misused changed nothing, and whoever interrupts a run decides for himself.
    """
    why = ""
    unjudged: Decision | None = None
    for entry in entries:
        outcome, id = entry.get("outcome"), entry.get("id")
        died = outcome == record.RUNNING or entry.get("died") is True
        if entry.get("name") not in UNDONE or not (died or outcome in _FAILED):
            continue
        if entry.get("name") == "deploy" and _settled(entry):
            why = f"{id} has settled it itself"
            continue
        ended = f"{id} {'died' if died else outcome}"
        cause = ": ".join(filter(None, (ended, str(entry.get("reason") or ""))))
        if not died and not _is_inconclusive(entry):
            return Decision(True, ended, cause, against=True)
        unjudged = unjudged or Decision(True, ended, cause)
    return unjudged or Decision(False, why)


def in_record(root: Path, app: str, environment: str, commit: str) -> Decision:
    """The same for a rollback that no engine started: by what the newest run of this commit there left.

    In CI each stage is a run of its own, so the newest run with a stage of this environment decides.
    """
    for run in record.runs(root):
        if run.get("app") != app or run.get("commit") != commit:
            continue
        there = [each for each in run.get("stages", ()) if each.get("environment") == environment]
        if any(each.get("name") == STAGE and each.get("outcome") == "passed" for each in there):
            return Decision(False, f"run {run['run']} has gone back already")
        if begun := [
            each for each in there if each.get("name") in UNDONE and each.get("outcome") != "not run"
        ]:
            folder = root / record.HOME / "runs" / str(run["run"])
            if any(each.get("outcome") == record.RUNNING for each in begun) and closing.running(run, folder):
                return Decision(False, f"run {run['run']} is still going on")
            found = needed(begun)
            return found if found.why else Decision(False, f"no stage of run {run['run']} failed there")
    return Decision(False, f"no run here took {app} {commit[:12]} to {environment}")


def results(entries: Iterable[Entry]) -> list[Result]:
    """How going back ended in each space, by one environment's stages since its newest deployment; [] when
    nothing went back."""
    found: dict[str, Result] = {}
    for entry in entries:
        if entry.get("name") == "deploy":
            found = {}
        mine = _of_stage(entry)
        if mine and entry.get("name") == STAGE:
            found.pop("", None)
        found |= {each.space: each for each in mine}
    return list(found.values())


def words(found: Sequence[Result]) -> str:
    """All spaces in one clause; each named where they differ."""
    return _joined([(each.space, each.clause) for each in found])


def state(found: Sequence[Result]) -> str:
    """What an environment is in, most urgent first."""
    return _joined([(each.space, each.state) for each in sorted(found, key=lambda each: each.passed)])


def worked(found: Sequence[Result]) -> bool:
    """Whether every space serves a release that was good before."""
    return all(each.passed for each in found)


def _joined(pairs: Sequence[tuple[str, str]]) -> str:
    if len({text for _, text in pairs}) == 1:
        return pairs[0][1]
    return "; ".join(f"{space}: {text}" if space else text for space, text in pairs)


def _of_stage(entry: Entry) -> list[Result]:
    """What one stage says; a rollback that ended badly, though no space says so, is one result more."""
    found = []
    for space, details in _mapping(entry.get("details")).items():
        told = _mapping(details).get("rollback")
        if isinstance(told, Mapping):
            passed = told.get("outcome") == "passed"
            reason = str(told.get("reason") or "")
            found.append(
                Result(str(space), str(told.get("to") or ""), passed, told.get("verified") is True, reason)
            )
    ended = entry.get("outcome")
    went_well = entry.get("name") != STAGE or ended in ("passed", "not run", record.RUNNING)
    if not went_well and all(each.passed for each in found):
        found.append(Result("", "", False, False, str(entry.get("reason") or ended or "")))
    return found


def _is_inconclusive(entry: Entry) -> bool:
    """Whether a stage that did not pass has found nothing against the version."""
    if entry.get("outcome") == record.RUNNING:
        return True
    return _mapping(entry.get("details")).get(INCONCLUSIVE) is True


def _settled(entry: Entry) -> bool:
    return _mapping(entry.get("details")).get("settled") is True


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
