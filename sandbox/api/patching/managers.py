"""metadata.managedFields: who set which fields, when and how."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sandbox.api.patching.fieldsets import Path, Paths, decode, encode
from sandbox.api.types.errors import PatchError

APPLY, UPDATE = "Apply", "Update"
# Fields of the server, or of the object's identity: nobody owns them.
_NOBODYS: frozenset[Path] = frozenset(
    (
        ("f:apiVersion",),
        ("f:kind",),
        ("f:metadata",),
        *(
            ("f:metadata", f"f:{name}")
            for name in (
                "name",
                "namespace",
                "creationTimestamp",
                "selfLink",
                "uid",
                "clusterName",
                "generation",
                "managedFields",
                "resourceVersion",
            )
        ),
    )
)


@dataclass(frozen=True)
class Entry:
    """One row of managedFields."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    time: str
    paths: Paths

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes two entries one. An applier stays the same across API versions."""
        version = "" if self.operation == APPLY else self.api_version
        return (self.operation, self.manager, version, self.subresource)

    @property
    def title(self) -> str:
        """How the server names a manager in a conflict: `"kubectl" using apps/v1`."""
        title = f'"{self.manager}"'
        if self.subresource:
            title += f' with subresource "{self.subresource}"'
        if self.operation == UPDATE:
            title += f" using {self.api_version}"
        return title

    def owning(self, paths: Paths, time: str | None = None) -> Entry:
        """The same manager with other fields."""
        return replace(self, paths=paths, time=time or self.time)


def read(managed: Any) -> list[Entry]:
    """The entries of metadata.managedFields (None: none). Raises PatchError(400) when it is not that."""
    entries = []
    if managed is not None and not isinstance(managed, list):
        raise PatchError(400, "metadata.managedFields must be a list")
    for row in managed or ():
        if not isinstance(row, dict):
            raise PatchError(400, "metadata.managedFields: each entry must be an object")
        words = [
            row.get(name) or "" for name in ("manager", "operation", "apiVersion", "subresource", "time")
        ]
        if not all(isinstance(word, str) for word in words) or words[1] not in (APPLY, UPDATE):
            raise PatchError(
                400, "metadata.managedFields: operation must be Apply or Update, and all of it text"
            )
        manager, operation, version, subresource, time = words
        entries.append(
            Entry(manager, operation, version, subresource, time, decode(row.get("fieldsV1") or {}))
        )
    return entries


def write(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """metadata.managedFields in the server's order: appliers first, then by time; no empty entries."""
    rows = []
    ordered = sorted(entries, key=lambda e: (e.operation, e.time, e.manager, e.api_version, e.subresource))
    for entry in ordered:
        if not entry.paths:
            continue
        row = {
            "manager": entry.manager,
            "operation": entry.operation,
            "apiVersion": entry.api_version,
            "time": entry.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": encode(entry.paths),
            "subresource": entry.subresource,
        }
        rows.append({key: value for key, value in row.items() if value != "" or key == "manager"})
    return rows


def ownable(paths: Iterable[Path], *, has_status: bool, subresource: str) -> Paths:
    """What a request can set of these: not the server's own fields, status through /status alone."""

    def settable(path: Path) -> bool:
        if path in _NOBODYS or not path:
            return False
        if not has_status:
            return True
        return path[0] != "f:spec" if subresource == "status" else path[0] != "f:status"

    return {path for path in paths if settable(path)}
