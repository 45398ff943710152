"""drills/causes.toml as typed objects: what is broken, what must come of it, and what only looks like it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from toolkit.base.outcome import Kind, Misused
from toolkit.settings.model import NONE
from toolkit.settings.tables.fields import Fields, nearest

STAGES = ("deploy", "healthcheck", "smoke", "watch")
DOINGS = (
    *("create", "status", "label", "label-node", "open", "evict", "kill", "leave"),
    *("resume", "restart", "note", "delete-job"),
)
AFTER_STAGE = "stage:"
# The table of a drill, or of its look-alike, that holds for Kubernetes alone.
KUBERNETES = "kubernetes"


class Action(NamedTuple):
    """Something that is done to the cluster; `what` is YAML, `when` a sign or "stage:NAME", "" for before."""

    do: str
    what: str = ""
    when: str = ""


class Change(NamedTuple):
    """How a version differs from the good one; see drills/causes.toml for every field."""

    env: Mapping[str, str] = NONE
    container: str = ""
    pod: str = ""
    deployment: str = ""
    objects: str = ""
    source: str = ""
    registry: tuple[str, ...] = ()
    before: tuple[Action, ...] = ()
    during: tuple[Action, ...] = ()
    preflight: bool = True


class LookAlike(NamedTuple):
    """What looks like the drill's cause for a moment: everything up to `stage` must pass.

    kubectl is the workload that it judges beside, Kind/name; "" for the app's Deployment.
    differs as of a Drill.
    """

    title: str
    change: Change
    stage: str
    kubectl: str = ""
    differs: str = ""


class Drill(NamedTuple):
    """One way to break a deployment, and the verdict that must come of it.

    differs says why it is another one here than on the sandbox, "" where it is not.
    """

    name: str
    title: str
    change: Change
    stage: str
    outcome: Kind
    cause: str
    words: tuple[str, ...]
    evidence: tuple[str, ...]
    sign: str
    serves: bool
    untouched: bool
    look_alike: LookAlike
    differs: str = ""

    @property
    def goes_back(self) -> bool:
        """Whether there must be a rollback."""
        return self.outcome is not Kind.PASSED and not self.untouched


def load(file: Path, *, kubernetes: bool = False) -> dict[str, Drill]:
    """The drills by name, in the order of the file, as they are on the sandbox or on Kubernetes.

    Raises Misused with the path of what is wrong.
    """
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misused(f"{file}: cannot be read: {error}") from None
    both = [
        {name: _drill(file, name, value, here) for name, value in table.items()} for here in (False, True)
    ]
    return both[kubernetes]


def chosen(known: Mapping[str, Drill], word: str) -> list[Drill]:
    """The drills that CAUSE= names: some, with commas, or all. Raises Misused with the nearest name."""
    if word == "all":
        return list(known.values())
    names = [name for name in word.split(",") if name]
    if not names:
        raise Misused("CAUSE is missing", remedy=f"causes: all, {', '.join(known)}")
    for name in names:
        if name not in known:
            raise Misused(
                f"CAUSE={name}: there is no such drill{nearest(name, known)}",
                remedy=f"causes: all, {', '.join(known)}",
            )
    return [known[name] for name in names]


def _here(file: Path, where: str, table: object, kubernetes: bool) -> tuple[Fields, str]:
    """A table as it is here, and why it differs: what `kubernetes` in it says takes the place of the rest."""
    if not isinstance(table, dict) or KUBERNETES not in table:
        return Fields.alone(file, where, table), ""
    own = Fields.alone(file, f"{where}.{KUBERNETES}", table[KUBERNETES])
    why = own.take("why", str)
    rest = {key: value for key, value in table.items() if key != KUBERNETES}
    if not kubernetes:
        return Fields.alone(file, where, rest), ""
    changed = {key: value for key, value in table[KUBERNETES].items() if key != "why"}
    return Fields.alone(file, where, {**rest, **changed}), why


def _drill(file: Path, name: str, table: object, kubernetes: bool) -> Drill:
    kinds = tuple(kind.value for kind in (Kind.FAILED, Kind.TIMED_OUT, Kind.PASSED))
    fields, differs = _here(file, name, table, kubernetes)
    inner, inner_differs = _here(file, f"{name}.look-alike", fields.take("look-alike", dict), kubernetes)
    drill = Drill(
        name=name,
        title=fields.take("title", str),
        change=_change(fields),
        stage=fields.choice("stage", STAGES, "deploy"),
        outcome=Kind(fields.choice("outcome", kinds, Kind.FAILED.value)),
        cause=fields.take("cause", str),
        words=fields.texts("words"),
        evidence=fields.texts("evidence"),
        sign=fields.take("sign", str, ""),
        serves=fields.take("serves", bool, False),
        untouched=fields.take("untouched", bool, False),
        look_alike=LookAlike(
            title=inner.take("title", str),
            change=_change(inner),
            stage=inner.choice("stage", STAGES, "deploy"),
            kubectl=inner.take("kubectl", str, ""),
            differs=inner_differs,
        ),
        differs=differs,
    )
    inner.done()
    fields.done()
    return drill


def _change(fields: Fields) -> Change:
    env = fields.take("env", dict, {})
    for key, value in env.items():
        if not isinstance(value, str):
            raise fields.error(f"env.{key}", "must be text")
    return Change(
        env=env,
        container=fields.take("container", str, ""),
        pod=fields.take("pod", str, ""),
        deployment=fields.take("deployment", str, ""),
        objects=fields.take("objects", str, ""),
        source=fields.take("source", str, ""),
        registry=fields.texts("registry"),
        before=tuple(_actions(fields.rows("before"), timed=False)),
        during=tuple(_actions(fields.rows("during"), timed=True)),
        preflight=fields.take("preflight", bool, True),
    )


def _actions(rows: Iterable[Fields], *, timed: bool) -> Iterable[Action]:
    for row in rows:
        yield Action(
            row.choice("do", DOINGS, ""),
            row.take("what", str, ""),
            row.take("when", str) if timed else "",
        )
        row.done()
