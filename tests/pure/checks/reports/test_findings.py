"""One shape for the findings of all tools."""

from __future__ import annotations

from toolkit.checks.reports.findings import Finding, named, sarif

FIRST = Finding("bandit", "B602", "shell", "app/a.py", 5, severity="HIGH")
SECOND = Finding("safety", "39525", "ReDoS", "requirements.txt", 0, aliases=("CVE-2020-28493",))


def test_a_finding_reads_like_a_compiler_message() -> None:
    assert str(FIRST) == "app/a.py:5: B602 shell"
    assert str(SECOND) == "requirements.txt: 39525 CVE-2020-28493 ReDoS"


def test_a_reason_names_the_first_and_counts_the_rest() -> None:
    assert named([FIRST]) == "B602 at app/a.py:5"
    assert named([FIRST, SECOND, FIRST, FIRST, FIRST]).endswith(" and 2 more")


def test_sarif_has_a_run_per_tool() -> None:
    document = sarif([FIRST, SECOND])
    assert document["version"] == "2.1.0"
    bandit, safety = document["runs"]
    assert bandit["tool"]["driver"] == {"name": "bandit", "rules": [{"id": "B602"}]}
    assert bandit["results"] == [
        {
            "ruleId": "B602",
            "level": "error",
            "message": {"text": "shell"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "app/a.py"},
                        "region": {"startLine": 5},
                    }
                }
            ],
        }
    ]
    assert "region" not in safety["results"][0]["locations"][0]["physicalLocation"]
    assert sarif([])["runs"] == []
