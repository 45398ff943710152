"""How drills came out, as data, and those of two clusters side by side: does the sandbox tell the truth?"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.base.outcome import Misused
from toolkit.drills import judging
from toolkit.drills.running import Result
from toolkit.runs.record import read_json, write_json

Json = dict[str, Any]
LONGEST = 160
ABOUT = """# The sandbox beside Kubernetes

Each drill of `drills/causes.toml` and its look-alike, once on the sandbox and once on a real cluster: the
cause that the pipeline named, its words, and the seconds from the first write to the verdict. Made by
`make fidelity`; drills have less patience than production, so the seconds compare with each other only.
"""


class Report:
    """The rows of one cluster, written to a file after each: what was cut short leaves what it had."""

    def __init__(self, cluster: str, version: str, patience: float, file: Path) -> None:
        self._file = file
        day = datetime.datetime.now(datetime.UTC).date().isoformat()
        self._data: Json = {
            "cluster": cluster, "version": version, "patience": patience, "day": day, "rows": [],
        }  # fmt: skip

    def add(self, row: Json) -> None:
        """One more row; see `row` and `left_out`."""
        self._data["rows"].append(row)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_json(self._file, self._data)


def row(result: Result, differs: str) -> Json:
    """A drill or look-alike as the table has it. differs: why it is another one than on the sandbox."""
    stage = judging.decisive(result.seen.stages)
    details = (stage.get("details") or {}).get(result.seen.space) or {}
    return {
        "name": result.name,
        "look_alike": result.look_alike,
        "outcome": result.seen.outcome,
        "stage": str(stage.get("name", "")),
        "cause": str(details.get("cause", "")),
        "words": str(stage.get("reason", "")),
        "seconds": result.seen.seconds,
        "problems": result.problems,
        "differs": differs,
    }


def left_out(name: str, look_alike: bool, why: str) -> Json:
    """A row for what the cluster does not have what it takes for, or what broke before a verdict."""
    return {"name": name, "look_alike": look_alike, "outcome": "", "words": why, "problems": [why]}


def read(file: Path) -> Json:
    """A report. Raises Misused when it is none."""
    data = read_json(file)
    if not isinstance(data, dict) or not isinstance(data.get("rows"), list):
        raise Misused(f"{file}: is no report of drills", remedy="make it: scripts/drill.py --report FILE")
    return data


def page(sandbox: Mapping[str, Any], real: Mapping[str, Any]) -> str:
    """docs/fidelity.md, of a report of the sandbox and one of another cluster."""
    here = {_key(each): each for each in sandbox["rows"]}
    there = {_key(each): each for each in real["rows"]}
    both = [key for key in here if key in there]
    same = [key for key in both if is_same(here[key], there[key])]
    broken = [key for key in both if not key[1]]
    alike = [key for key in broken if key in same]
    lines = [
        ABOUT,
        f"Sandbox: {sandbox['version']}, {sandbox['day']}. Kubernetes: {real['version']}, {real['day']}.",
        "",
        f"**{len(alike)} of {len(broken)} drills have the same cause ({_percent(alike, broken)}); "
        f"with the look-alikes {len(same)} of {len(both)} end the same way ({_percent(same, both)}).**",
        "",
        "| drill | sandbox | s | Kubernetes | s | |",
        "| --- | --- | ---: | --- | ---: | --- |",
    ]
    for key in both:
        one, other = here[key], there[key]
        mark = "same" if key in same else "**differs**"
        cells = [_named(one), _ended(one), _seconds(one), _ended(other), _seconds(other), mark]
        lines.append(f"| {' | '.join(cells)} |")
    apart = [there[key] for key in both if there[key].get("differs")]
    if apart:
        lines += ["", "What differs on purpose:", ""]
        lines += [
            f"- {each['name']}{' (look-alike)' if each['look_alike'] else ''}: {each['differs']}"
            for each in apart
        ]
    lines += ["", "## In their words", "", "| drill | sandbox | Kubernetes |", "| --- | --- | --- |"]
    for key in broken:
        lines.append(f"| {key[0]} | {_words(here[key])} | {_words(there[key])} |")
    return "\n".join(lines) + "\n"


def is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two rows of a drill tell of the same outcome, by the same stage, for the same cause."""
    return bool(one["outcome"]) and all(
        one.get(key) == other.get(key) for key in ("outcome", "stage", "cause")
    )


def _named(each: Mapping[str, Any]) -> str:
    return f"{each['name']} (look-alike)" if each["look_alike"] else str(each["name"])


def _key(each: Mapping[str, Any]) -> tuple[str, bool]:
    return each["name"], each["look_alike"]


def _percent(some: Sequence[object], of: Sequence[object]) -> str:
    return f"{len(some) / len(of):.0%}" if of else "-"


def _ended(each: Mapping[str, Any]) -> str:
    if not each["outcome"]:
        return "left out"
    if each["outcome"] == "passed":
        return "passed"
    return f"{each['outcome']}: {each['cause'] or each['stage']}"


def _seconds(each: Mapping[str, Any]) -> str:
    seconds = each.get("seconds")
    return f"{seconds:.1f}" if seconds is not None else "-"


def _words(each: Mapping[str, Any]) -> str:
    """The reason as a cell, without what happened after the verdict."""
    said = " ".join(str(each["words"]).partition("; rolled back")[0].split()).replace("|", "\\|")
    return said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"
