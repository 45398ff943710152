"""What a collection of evidence is about."""

from __future__ import annotations

from typing import NamedTuple

from toolkit.base.outcome import Outcome


class About(NamedTuple):
    """Which release failed, where, in which run and stage, how, and what serves meanwhile ("": unknown)."""

    app: str
    environment: str
    space: str
    namespace: str
    version: str
    commit: str
    run: str
    by: str
    stage: str
    outcome: Outcome
    serving: str = ""
    selector: str = ""
