"""Runs as the jobs of a CI system: what they do is for their commit."""

from __future__ import annotations

import json

from tests.sandbox.local import Sandbox, eventually

MERGE = "application/merge-patch+json"
RESERVED = "fb-tiny-reserved"


def source(digit: str, system: str = "GitHub Actions", branch: str = "main") -> str:
    """The source of a run of the commit whose digits are all this one, as a run hands it to its stages."""
    return json.dumps(
        {
            "system": system,
            "branch": branch,
            "commit": digit * 40,
            "author": "Ada",
            "url": "",
            "dirty": False,
        }
    )


def job(digit: str, **more: str) -> dict[str, str]:
    """The environment of a CI job of that commit, approved."""
    return {"PIPELINE_SOURCE": source(digit), "APPROVE": "1", **more}


def turn_comes(sandbox: Sandbox, space: str, run: str) -> str:
    """Give the reservation of a space to another run, as when it had run out; the path to take it away by."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/ns-{space}/leases"
    names = eventually(lambda: [each["metadata"]["name"] for each in sandbox.api("GET", path)["items"]])
    assert names == [RESERVED]
    note = {"metadata": {"annotations": {"form-builder/run": run}}}
    sandbox.api("PATCH", f"{path}/{RESERVED}", note, MERGE)
    return f"{path}/{RESERVED}"
