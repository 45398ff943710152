"""A drill in words: a paragraph for one, a table for all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from toolkit.base import console
from toolkit.base.outcome import Failed, Kind
from toolkit.drills import fidelity, judging
from toolkit.drills.cases import Drill
from toolkit.drills.fidelity import Report
from toolkit.drills.grounds.ground import NotHere
from toolkit.drills.lane import NotReady
from toolkit.drills.running import Result
from toolkit.drills.yard import Task

LONGEST_REASON = 400


def tell_all(
    tasks: Sequence[Task],
    futures: Sequence[Future[Result]],
    patience: float,
    say: Callable[[str], None],
    report: Report | None = None,
) -> list[str]:
    """Say how each came out once it has, then all of them in a table; the names of those that are wrong.

    What the cluster has not what it takes for is left out, by name. Raises NotReady, and Interrupted.
    """
    absent = 0
    results, wrong = [], []
    for task, future in zip(tasks, futures, strict=True):
        try:
            results.append(future.result())
        except NotReady:
            raise
        except NotHere as error:
            say(f"{task.name} is left out: {error.reason}\n")
            absent += 1
            _keep(report, fidelity.left_out(task.case.name, task.look_alike, error.reason))
            continue
        except Failed as error:
            console.report(task.name, error.outcome)
            wrong.append(task.name)
            _keep(report, fidelity.left_out(task.case.name, task.look_alike, error.reason))
            continue
        differs = task.case.look_alike.differs if task.look_alike else task.case.differs
        _keep(report, fidelity.row(results[-1], differs))
        say("\n".join([*paragraph(results[-1], patience), ""]))
        wrong += [] if results[-1].ok else [task.name]
    if len(results) > 2:
        say("\n".join(table(results)))
    left = f", {absent} left out" if absent else ""
    say(f"{len(tasks) - len(wrong) - absent} of {len(tasks)} came out as they must{left}")
    return wrong


def _keep(report: Report | None, row: dict[str, Any]) -> None:
    if report is not None:
        report.add(row)


def listing(drills: Collection[Drill]) -> list[str]:
    """Name and title of each, in columns."""
    width = max(len(each.name) for each in drills)
    return [f"{each.name:<{width}}  {each.title}" for each in drills]


def paragraph(result: Result, patience: float) -> list[str]:
    """All that a drill showed, a fact per line."""
    seen = result.seen
    stage = judging.decisive(seen.stages)
    kind = "look-alike of" if result.look_alike else "drill"
    mark = console.mark(Kind.PASSED if result.ok else Kind.FAILED)
    lines = [f"{mark} {kind} {result.name}: {result.title}"]
    if stage:
        reason = str(stage.get("reason", ""))[:LONGEST_REASON]
        lines.append(f"  verdict   {stage.get('name')} {stage.get('outcome')}: {reason}")
    else:
        lines.append(
            f"  verdict   {seen.outcome}, as it must be" if result.ok else f"  verdict   {seen.outcome}"
        )
    if seen.seconds is not None:
        since = f", {seen.since_sign:.1f} s after the API first showed it" if seen.since_sign else ""
        scale = f" (patience x {patience:g})" if patience != 1 and not result.look_alike else ""
        first = "the first write" if seen.touched else "its stage began"
        lines.append(f"  time      {seen.seconds:.1f} s after {first}{since}{scale}")
    if seen.summary:
        lines.append(f"  evidence  {console.shown(Path(seen.summary))}")
    back = judging.rollback(seen)
    if back:
        lines.append(f"  rollback  {back.clause}")
    elif stage and not seen.touched:
        lines.append("  rollback  not needed: nothing was changed")
    answers = seen.answers
    which = ", ".join(f"{count} by {name}" for name, count in answers.versions.most_common())
    lines.append(f"  served    {answers.asked} requests, {len(answers.failures)} failed; {which}")
    if seen.kubectl is not None:
        lines.append(f"  kubectl   {seen.kubectl or 'calls it rolled out too'}")
    if stage and seen.alert:
        lines.append("  alert     " + seen.alert.replace("\n", "\n            "))
    lines += [f"  WRONG     {problem}" for problem in result.problems]
    lines.append(f"  run       {console.shown(result.log)}")
    return lines


def table(results: Sequence[Result]) -> list[str]:
    """One line per drill and look-alike, in the order given."""
    rows = [("cause", "verdict", "seconds", "rolled back", "served", "")]
    for result in results:
        seen = result.seen
        stage = judging.decisive(seen.stages)
        details = (stage.get("details") or {}).get(seen.space) or {}
        verdict = (
            f"{stage.get('name')}: {details.get('cause') or stage.get('outcome')}" if stage else "passed"
        )
        back = judging.rollback(seen)
        went = ("verified" if back.passed and back.verified else "NO") if back else "-"
        lost = len(seen.answers.failures)
        rows.append(
            (
                f"{'  looks like ' if result.look_alike else ''}{result.name}",
                verdict,
                f"{seen.seconds:.1f}" if seen.seconds is not None else "-",
                went,
                f"{seen.answers.asked - lost}/{seen.answers.asked}",
                "ok" if result.ok else "WRONG",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]]).rstrip()
        for row in rows
    ]
