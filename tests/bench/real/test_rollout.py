"""A good rollout on a real cluster, beside kubectl and Helm with the same manifests, in turn."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from tests.bench.measure import Claim, prove, slowness
from tests.bench.real import repository
from tests.bench.real.rivals import Ended, Helm, Kubectl
from tests.kubernetes.cluster import Cluster

ROUNDS = 7
MOST_OVERHEAD = 1.3
"""Seconds beyond kubectl, of a machine that does nothing else: for the lock, the record, the preflight, the
verdict. On a busy one all that takes longer by as much as any program does."""

pytestmark = pytest.mark.timeout(1200)


def test_a_good_rollout_costs_little_more_than_with_kubectl(
    cluster: Cluster, kubectl: Kubectl, helm: Helm, tmp_path: Path
) -> None:
    with repository.made_on(cluster, tmp_path, ["ours"], ["kubectl", "helm"]) as made:
        releases = itertools.count(1)
        first = release(made, next(releases))
        assert first[1].code == 0, first[1].output
        images = made.images("ours")

        def theirs(rival: Kubectl | Helm, word: str) -> float:
            namespace = f"ns-{made.mark}-{word}"
            ended: Ended = rival.roll_out(tmp_path, namespace, made.objects("ours", images), 300)
            assert ended.is_content, ended.said
            return ended.seconds

        def ours() -> float:
            seconds, ended = made.own("ours")
            assert ended.code == 0, ended.output
            return seconds

        ways: dict[str, Callable[[], float]] = {
            "ours": ours,
            "kubectl": lambda: theirs(kubectl, "kubectl"),
            "helm": lambda: theirs(helm, "helm"),
        }

        def compare() -> list[Claim]:
            seen: dict[str, list[float]] = {name: [] for name in ways}
            slow: list[float] = []
            for turn in range(ROUNDS + 1):
                made.release(f"{next(releases)}")
                for name, way in ways.items():
                    took_now = way()
                    slow.append(slowness())
                    if turn:  # theirs are there only after the first
                        seen[name].append(took_now)
            busy = median(slow)
            took = {name: median(seconds) for name, seconds in seen.items()}
            print("\n  seconds: " + "; ".join(f"{name} {said(seen[name])}" for name in ways), end="")
            measured = f"{took['ours']:.2f} s, {{:.2f}} s, medians of {ROUNDS}, in turn; "
            measured += f"programs take {busy:.1f} times as long as alone here, so the difference is divided"
            return [
                Claim(
                    f"a good rollout: seconds of scripts/deploy.py beyond {kubectl.name}",
                    measured.format(took["kubectl"]),
                    (took["ours"] - took["kubectl"]) / busy,
                    MOST_OVERHEAD,
                ),
                Claim(
                    f"a good rollout: seconds of scripts/deploy.py beyond {helm.name}",
                    measured.format(took["helm"]),
                    (took["ours"] - took["helm"]) / busy,
                    None,
                ),
            ]

        prove(compare)


def release(made: repository.Repository, number: int) -> tuple[float, repository.Ended]:
    made.release(f"{number}")
    began = time.monotonic()
    _, ended = made.own("ours")
    return time.monotonic() - began, ended


def said(seconds: list[float]) -> str:
    return " ".join(f"{each:.2f}" for each in seconds)
