"""How an app wants its objects judged: the same words in apps.toml and as annotations of an object.

[apps.x.judge."Certificate.cert-manager.io"]        form-builder/verdict.deadline: "10m"
done = "Ready"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from toolkit.settings.said.words import duration, nearest

# An annotation of an object: this, and one of the words.
PREFIX = "form-builder/verdict."
_ROLLED = ("Deployment", "StatefulSet", "DaemonSet")
_SCALED = (*_ROLLED, "ReplicaSet", "ReplicationController")
EVERY, NONE, STRATEGY = "all", "none", "maxUnavailable"
_SHARE = re.compile(r"(\d{1,3})%")
_CONDITION = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_PATH = re.compile(r"[a-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)+")
_KIND = re.compile(r"[A-Z][A-Za-z0-9]*(\.[a-z0-9-]+)*(/[a-z0-9.{}-]+)?")


class Clause(NamedTuple):
    """What an object must show: one of the values at a path of fields, or as the status of a condition."""

    condition: str
    path: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def words(self) -> str:
        """As it was written."""
        return f"{self.condition or '.'.join(self.path)}={'|'.join(self.values)}"


class Judging(NamedTuple):
    """What is said about a kind or an object; None and "" where nothing is.

    judge: False lists it as not judged. deadline is in seconds. required: how many of its pods must be ready,
    "all", "80%", "maxUnavailable" or "none". wait: False for a Job that may run on. done and failed are for
    kinds that the toolkit knows nothing of. idle nobody writes: it is the API server's word that nothing acts
    on the object there.
    """

    judge: bool | None = None
    deadline: float | None = None
    required: str = ""
    wait: bool | None = None
    done: Clause | None = None
    failed: Clause | None = None
    idle: str = ""

    def over(self, other: Judging) -> Judging:
        """This, and where it says nothing the other."""
        said = {key: value for key, value in self._asdict().items() if value not in (None, "")}
        return other._replace(**said)


NOTHING = Judging()
NOBODY: Mapping[str, Judging] = MappingProxyType({})


def read(words: Mapping[str, Any]) -> Judging:
    """From words and values, text or as TOML has them. Raises ValueError with a sentence: "key: problem"."""
    said: dict[str, Any] = {}
    for key, value in words.items():
        if key not in _READERS:
            raise ValueError(f"{key}: unknown{nearest(key, _READERS)}")
        try:
            said[key] = _READERS[key](value)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None
    return Judging(**said)


def misfit(kind: str, said: Judging) -> str:
    """What of it a kind cannot have; "" for nothing."""
    if said.required and kind not in _SCALED:
        return f"required: {kind} has no number of pods"
    if said.required == STRATEGY and kind not in _ROLLED:
        return f"required: {kind} has no {STRATEGY}"
    if said.wait is not None and kind != "Job":
        return f"wait: is for Jobs, not for {kind}"
    return ""


def check_name(name: str) -> None:
    """Raises ValueError for what is neither a kind ("Certificate.cert-manager.io") nor "Kind/name"."""
    if not _KIND.fullmatch(name):
        raise ValueError('must be a kind, "Certificate.cert-manager.io", or an object, "Deployment/web"')


def _yes_or_no(value: object) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise ValueError(f"{_shown(value)} is neither true nor false")


def _seconds(value: object) -> float:
    seconds = duration(value) if isinstance(value, str) else None
    if not seconds:
        raise ValueError(f'{_shown(value)} is not a duration; write "30s", "3m" or "1h30m"')
    return seconds


def _required(value: object) -> str:
    known = (EVERY, NONE, STRATEGY)
    share = _SHARE.fullmatch(value) if isinstance(value, str) else None
    if value in known or (share and 0 < int(share[1]) <= 100):
        return str(value)
    near = nearest(value, known) if isinstance(value, str) else ""
    raise ValueError(f'{_shown(value)} is none of {", ".join(known)}, and no share such as "80%"{near}')


def clause(value: object) -> Clause:
    """Ready, Ready=False, status.phase=Bound|Ready. Raises ValueError."""
    left, sign, right = (value if isinstance(value, str) else "").partition("=")
    values = tuple(part.strip() for part in right.split("|")) if sign else ("True",)
    left = left.strip()
    if all(values) and _CONDITION.fullmatch(left):
        return Clause(left, (), values)
    if all(values) and sign and _PATH.fullmatch(left):
        return Clause("", tuple(left.split(".")), values)
    raise ValueError(
        f'{_shown(value)} is neither a condition ("Ready", "Failed=True") '
        'nor a field and its values ("status.phase=Bound|Ready")'
    )


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


_READERS: dict[str, Callable[[object], Any]] = {
    "judge": _yes_or_no,
    "deadline": _seconds,
    "required": _required,
    "wait": _yes_or_no,
    "done": clause,
    "failed": clause,
}
