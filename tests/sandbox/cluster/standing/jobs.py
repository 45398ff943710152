"""Runs as the jobs of a CI system: what they do is for their commit."""

from __future__ import annotations

import json


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
