"""A case of tests/pure/cases/diagnosis: objects, and the findings on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from toolkit.cluster.diagnosis import diagnosis


def load(path: Path) -> dict[str, Any]:
    """What the file holds."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def check(path: Path) -> None:
    """The findings on the objects of a case are those that it lists."""
    case = load(path)
    found = diagnosis.diagnose(case["objects"])
    seen = [(each.cause, each.severity, each.object, each.container) for each in found]
    wanted = [(row["cause"], row["severity"], row["object"], row["container"]) for row in case["findings"]]
    assert seen == wanted, f"{case['title']}: {[each.sentence for each in found]}"
    for finding, row in zip(found, case["findings"], strict=True):
        assert row["says"] in finding.sentence
        assert row.get("remedy", "") in finding.remedy
        assert row.get("heals", finding.heals) == finding.heals
        assert row.get("patience", finding.patience) == finding.patience
