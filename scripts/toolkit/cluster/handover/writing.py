"""Objects as YAML that kubectl applies, with comments for the person who does. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from toolkit.cluster.handover.prerequisites import Item, Prerequisites, to_create
from toolkit.cluster.handover.roles import Granted
from toolkit.objects.resources import key_of

Json = dict[str, Any]
SHOWN = 3
_MARKS = {True: "✔", False: "✘", None: "·"}


def documents(found: Iterable[Json]) -> str:
    """The objects as one YAML stream."""
    return "".join(
        f"---\n{yaml.safe_dump(obj, sort_keys=False, width=4096, default_flow_style=None)}" for obj in found
    )


def listed(found: Prerequisites) -> list[str]:
    """What `make prerequisites` prints of a space: a line for each thing, and what is wrong with it."""
    lines = []
    for item in found.items:
        where = f" in {item.key.namespace}" if item.key.namespace else ""
        keys = f" ({', '.join(item.parts)})" if item.parts else ""
        mark = _MARKS[False if item.missing else item.is_there]
        lines.append(f"{mark} {item.key.shown}{keys}{where}{_state(item)}")
        if not item.is_met:
            lines.append(f"      for {', '.join(item.by[:SHOWN])}{_more(len(item.by))}")
        if item.is_there is False and item.brings:
            lines.append(f"      fix: {item.brings}")
    for problem in found.problems:
        lines += [f"{_MARKS[False]} {problem.line}", f"      fix: {problem.remedy}"]
    return lines


def _state(item: Item) -> str:
    if item.is_there is None:
        return f": not known: {item.why}"
    if item.missing:
        return f": lacks {', '.join(item.missing)}"
    return "" if item.is_there else ": missing"


def _more(count: int) -> str:
    return f" and {count - SHOWN} more" if count > SHOWN else ""


def to_fill_in(found: Iterable[Prerequisites], command: str) -> str:
    """What `make prerequisites FORMAT=yaml` prints: what is missing, once, to be filled in and applied."""
    made = {key_of(obj): obj for each in found for obj in to_create(each)}
    if not made:
        return "# Nothing is missing that would have to be created.\n"
    lines = [
        "# Fill in what stands in <>, then apply it. Keep it out of the repository: it holds secrets.",
        f"#   {command} > missing.yaml",
        "#   kubectl apply -f missing.yaml",
    ]
    return "\n".join(lines) + "\n" + documents(made.values())


def roles(granted: Granted, command: str) -> str:
    """What `make role` prints: how it is applied, where each token goes, and the objects."""
    lines = [
        f"# The least that the stages of {granted.app.name} need on cluster {granted.cluster.name}.",
        "# To be granted by whoever looks after it:",
        f"#   {command} | kubectl apply -f -",
        "# The tokens, and where the pipeline looks for them:",
    ]
    for namespace, account, variable in granted.tokens():
        into = f"{variable}=" if variable else "the kubeconfig: "
        lines.append(f"#   {into}$(kubectl -n {namespace} create token {account} --duration=8760h)")
    for kind, plural in granted.guessed.items():
        lines.append(
            f"# {kind}: taken to be called {plural} in rules; kubectl api-resources shows what it is"
        )
    return "\n".join(lines) + "\n" + documents(granted.objects())
