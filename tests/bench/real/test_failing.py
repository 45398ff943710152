"""Rollouts that fail on a real cluster: seconds to the verdict, beside kubectl and Helm.

All get the same manifests.
Theirs run for 300 s: that is Helm's own default, and half of what kubectl waits by default (until the
Deployment's progressDeadlineSeconds, 600). Where one ends at its --timeout it had not decided by then.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.bench.measure import Claim, prove
from tests.bench.real import cases, repository
from tests.bench.real.cases import BROKEN, Broken
from tests.bench.real.repository import Repository
from tests.bench.real.rivals import Ended, Helm, Kubectl, Rival
from tests.kubernetes.cluster import Cluster

SECONDS = 300.0
MOST_SHARE = 0.1
UNAIMED = "-again"
"""Of the space in which a rollout is followed that may have been refused before it began."""

pytestmark = pytest.mark.timeout(1200)


class Verdict(NamedTuple):
    """Seconds of the whole process, and how the verdict came."""

    seconds: float
    said: str


def test_a_rollout_that_fails_is_called_in_a_tenth_of_the_time(
    cluster: Cluster, kubectl: Kubectl, helm: Helm, tmp_path: Path
) -> None:
    rivals: dict[str, Rival] = {"kubectl": kubectl, "helm": helm}
    spaces = ["good", *BROKEN, *(name + UNAIMED for name in BROKEN)]
    beside = [f"{word}-{name}" for word in rivals for name in BROKEN]
    with repository.made_on(cluster, tmp_path, spaces, beside) as made:
        made.release("1")
        _, ended = made.own("good")
        assert ended.code == 0, ended.output
        images = made.images("good")
        for name, broken in BROKEN.items():
            for namespace in (made.namespace(name), made.namespace(name + UNAIMED)):
                cases.prepare(cluster, namespace, broken)

        with ThreadPoolExecutor(len(beside)) as executor:
            theirs: dict[tuple[str, str], Future[Ended]] = {}
            for name, broken in BROKEN.items():
                made.put(broken)
                objects = made.objects(name, images)
                for word, rival in rivals.items():
                    namespace = f"ns-{made.mark}-{word}-{name}"
                    cases.prepare(cluster, namespace, broken)
                    theirs[word, name] = executor.submit(
                        rival.roll_out, tmp_path / word, namespace, objects, SECONDS
                    )
            ours = {name: called(made, name, broken) for name, broken in BROKEN.items()}
            ended_for = {key: future.result() for key, future in theirs.items()}

        def compare() -> list[Claim]:
            return [
                claim(name, BROKEN[name], ours[name], rivals[word].name, ended_for[word, name])
                for name in BROKEN
                for word in rivals
            ]

        prove(compare, attempts=1)


def called(made: Repository, name: str, broken: Broken) -> Verdict:
    """What `scripts/deploy.py` makes of it: as it is, and once more without looking beforehand.

    Refused beforehand is not called: then only the other counts, else the shorter, for the machine may have
    been busy.
    """
    made.put(broken)
    first, ended = made.own(name)
    foreseen = "before anything was changed" in ended.output
    assert ended.code in (1, 4) and (foreseen or f"{broken.cause}:" in ended.output), (name, ended.output)
    if broken.waits:
        return Verdict(first, broken.cause)
    again, ended = made.own(name + UNAIMED, PREFLIGHT="0")
    assert ended.code in (1, 4) and f"{broken.cause}:" in ended.output, (name, ended.output)
    if foreseen:
        return Verdict(again, f"{broken.cause}; {first:.1f} s when it may look beforehand")
    return Verdict(min(first, again), f"{broken.cause}; {max(first, again):.1f} s the other time")


def claim(name: str, broken: Broken, ours: Verdict, rival: str, theirs: Ended) -> Claim:
    """Ours as a share of theirs; no limit where they were content, or only waiting can tell."""
    undecided = theirs.seconds >= SECONDS
    said = (
        f"undecided after {theirs.seconds:.0f} s" if undecided else f"{theirs.seconds:.1f} s: {theirs.said}"
    )
    if theirs.is_content:
        said = f"{theirs.seconds:.1f} s, and it is content with what has failed: that is no verdict"
    limit = None if theirs.is_content or broken.waits else MOST_SHARE
    why = f" ({broken.waits})" if broken.waits else ""
    return Claim(
        f"seconds to the verdict on {name}{why}, as a share of {rival}",
        f"{ours.seconds:.1f} s ({ours.said}), {said}",
        ours.seconds / theirs.seconds,
        limit,
    )
