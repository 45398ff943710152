"""The table of the result: what a person looks for stands first, and plain data takes one line."""

from __future__ import annotations

from toolkit.cluster.diagnosis.kinds import judged
from toolkit.cluster.diagnosis.kinds.rule import Applied, State
from toolkit.cluster.verdict import result
from toolkit.cluster.verdict.result import Row


def test_the_table_begins_with_what_failed_and_counts_data() -> None:
    rows = [
        Row("Service/web", State.GOOD, "leads to Deployment/web"),
        Row("ConfigMap/a", State.GOOD, "applied"),
        Row("Backup.velero.io/b", State.UNJUDGED, "no rule"),
        Row("Deployment/web", State.FAILED, "crash loop: " + "x" * 300, "crash loop"),
        Row("ConfigMap/b", State.GOOD, "applied"),
        Row("Secret/b", State.GOOD, "applied"),
    ]
    lines = result.lines(rows)
    assert [line.split()[0] for line in lines] == ["Deployment/web", "Backup.velero.io/b", "Service/web", "2"]
    assert lines[-1].startswith("2 ConfigMap, 1 Secret") and lines[-1].endswith("good        applied")
    assert lines[0].endswith("…") and max(map(len, lines)) < 200
    assert result.unjudged(rows) == "; not judged: Backup.velero.io/b"
    assert rows[3].json == {
        "object": "Deployment/web", "state": "failed", "cause": "crash loop", "said": rows[3].said,
    }  # fmt: skip


def test_what_is_to_have_no_pods_is_told_with_what_to_do() -> None:
    def workload(kind: str, name: str, **spec: int) -> Applied:
        return judged.applied(
            {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        )

    runs = workload("Deployment", "web", replicas=1)
    assert result.idle([runs, workload("DaemonSet", "agent")]) == ""
    none = [workload("Deployment", "web", replicas=0), workload("StatefulSet", "store", replicas=0)]
    assert result.idle([runs, none[0]]) == (
        "; Deployment/web wants no pods (replicas: 0), nothing of it runs: "
        "if it is to run, ask for 1 replica or more in its manifest"
    )
    assert result.idle(none).startswith("; Deployment/web, StatefulSet/store want no pods")


def test_what_was_not_reached_says_so() -> None:
    early = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "w"}},
    ]
    rest = [{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "w"}}]
    assert [(row.object, str(row.state)) for row in result.left_out(early, rest)] == [
        ("Secret/s", "good"), ("Service/w", "not judged"), ("Deployment/w", "not applied"),
    ]  # fmt: skip
