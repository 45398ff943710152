"""Who asked for what, and whether they might: a line a request in SANDBOX_AUDIT, as audit.k8s.io/v1 has it.

https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/ (level Metadata, as far as tests read it)
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from sandbox.api.access.authentication import User
from sandbox.api.access.authorization import Attributes

VARIABLE = "SANDBOX_AUDIT"


class Audit:
    """Writes into a file, or nowhere."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    @classmethod
    def wanted(cls) -> Audit:
        """As the environment has it."""
        named = os.environ.get(VARIABLE)
        return cls(Path(named) if named else None)

    def note(self, user: User, wanted: Attributes, may: bool) -> None:
        """One request whose user is known."""
        if self._file is None:
            return
        about = {
            "apiGroup": wanted.group,
            "resource": wanted.resource,
            "subresource": wanted.subresource,
            "namespace": wanted.namespace,
            "name": wanted.name,
        }
        line = {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "Metadata",
            "stage": "ResponseStarted",
            "verb": wanted.verb,
            "user": user.info(),
            "objectRef": {key: value for key, value in about.items() if value},
            "annotations": {"authorization.k8s.io/decision": "allow" if may else "forbid"},
        }
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
