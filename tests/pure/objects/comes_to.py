"""A folder of manifests held against what is expected of it.

expected.json says what: `objects` by Kind/name with the fields they must have (and `count` of them all), or
`refused`, words of the reason, with the `remedy` and the lines of `evidence`; `ignored` is the sentence on
what is not read; `never` stands nowhere in what is said.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from toolkit.base.outcome import Misused
from toolkit.objects import manifests
from toolkit.settings.model import App


def holds(whole: Any, part: Any) -> bool:
    """Whether all of a part is in the whole: mappings may have more keys."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and holds(whole[key], part[key]) for key in part)
    return type(whole) is type(part) and bool(whole == part)


def check(case: Path) -> None:
    """What becomes of the manifests in deploy/ is what expected.json says."""
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    app = App("tiny", "T", 1, case, "ns-{space}", "tiny-{space}")
    given = manifests.values(
        app, "test-dev", "test", {"api": "img@sha256:1"}, version="1a2b", commit="1a2b3c"
    )
    if "refused" in expected:
        with pytest.raises(Misused) as caught:
            manifests.render(app, given)
        refused = caught.value
        assert expected["refused"] in refused.reason
        assert expected.get("remedy", refused.remedy) == refused.remedy
        assert tuple(expected.get("evidence", refused.evidence)) == refused.evidence
        assert "\n" not in refused.reason
        told = "\n".join([refused.reason, refused.remedy, *refused.evidence])
        assert not [word for word in expected.get("never", ()) if word in told]
        return
    found = manifests.render(app, given)
    assert len(found) == expected.get("count", len(expected["objects"]))
    for name, fields in expected["objects"].items():
        same = [each for each in found if f"{each['kind']}/{each['metadata']['name']}" == name]
        assert any(holds(each, fields) for each in same), f"{name}: {same}"
    if "ignored" in expected:
        assert "".join(manifests.notes(app)) == expected["ignored"]
