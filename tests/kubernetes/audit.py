"""The node's audit log: what an account asked of the API server, and which of it was refused. Pure.

https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from toolkit.cluster.access.rules import Deed

Json = dict[str, Any]
FORBIDDEN = 403


def lines(log: Path) -> Iterator[str]:
    """Of a log and those that it was before; the oldest first."""
    for file in [*sorted(log.parent.glob(f"{log.stem}-*{log.suffix}")), log]:
        with file.open(encoding="utf-8", errors="replace") as text:
            yield from text


def of_account(found: Iterable[str], account: str, namespaces: Collection[str]) -> list[Json]:
    """What the accounts of this name in these namespaces asked for; a line that is not whole yet is left."""
    users = {f"system:serviceaccount:{namespace}:{account}" for namespace in namespaces}
    events: list[Json] = []
    for line in found:
        if not any(user in line for user in users) or not line.endswith("\n"):
            continue
        event = json.loads(line)
        if event["user"]["username"] in users and event["stage"] != "ResponseStarted":
            events.append(event)
    return events


def deed(event: Json) -> Deed:
    """What was asked for; its namespace aside."""
    about = event.get("objectRef") or {}
    if "resource" not in about:
        return Deed(event["verb"], path=event["requestURI"].partition("?")[0])
    resource = "/".join(filter(None, (about["resource"], about.get("subresource", ""))))
    return Deed(event["verb"], about.get("apiGroup", ""), resource, about.get("name", ""))


def home(event: Json) -> str:
    """The namespace that it was about; "" for none."""
    return str((event.get("objectRef") or {}).get("namespace", ""))


def refused(events: Iterable[Json]) -> list[str]:
    """What was answered with 403, each once: verb, resource, name, namespace."""
    found = (event for event in events if (event.get("responseStatus") or {}).get("code") == FORBIDDEN)
    return sorted({" ".join(filter(None, (*deed(event), home(event)))) for event in found})
