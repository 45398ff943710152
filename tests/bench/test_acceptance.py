"""A suite whose tests wait, as acceptance tests do: against the best its workers could do, and in parts."""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

from toolkit.settings.elsewhere import Code
from toolkit.settings.model import Suite
from toolkit.suites import by_pytest, memory
from toolkit.suites.plugin import balance

from tests.bench.measure import Claim, cost, environment, prove

WORKERS, PARTS = 4, 4
LIMIT = 1.25
# As in the submitter's suite: most wait for one mail, some for several, one for a split attachment.
WAITS = [0.4] * 24 + [0.9] * 8 + [2.0] * 3 + [5.0]

SUITE = """
import pathlib
import threading
import time

import pytest


@pytest.mark.parametrize("number", range({count}))
def test_something_arrives(number):
    began, arrived = time.time(), threading.Event()
    threading.Timer({waits}[number], arrived.set).start()
    assert arrived.wait(30)
    with pathlib.Path({log!r}).open("a") as file:
        file.write(f"{{began}} {{time.time()}}\\n")
"""


def test_the_workers_are_used_and_parts_are_even(tmp_path: Path) -> None:
    waits = random.Random(7).sample(WAITS, len(WAITS))  # noqa: S311 - the same order in every run
    log, folder = tmp_path / "log", tmp_path / "tests" / "acceptance"
    folder.mkdir(parents=True)
    (folder / "test_waiting.py").write_text(
        SUITE.format(waits=waits, count=len(waits), log=str(log)), encoding="utf-8"
    )
    code = Code(tmp_path, tmp_path / "tests/acceptance")
    suite = Suite("tests/acceptance", workers=WORKERS)
    env = environment()

    def run(workers: int, durations: dict[str, float]) -> tuple[float, float, memory.Results]:
        """Seconds from the first test's start to the last one's end, those of the whole command, results."""
        wanted, results = tmp_path / "selection.json", tmp_path / "results.json"
        wanted.write_text(json.dumps({"durations": durations, "shard": None, "repeat": 1, "only": None}))
        log.unlink(missing_ok=True)
        told = {"FB_SELECTION": str(wanted), "FB_RESULTS": str(results), "PYTHONPATH": str(by_pytest.PLUGIN)}
        argv = by_pytest.command(
            Path(sys.executable), code, suite._replace(workers=workers), tmp_path / "junit.xml"
        )
        whole = cost(argv, cwd=tmp_path, env={**env, **told}).wall
        times = [float(word) for word in log.read_text().split()]
        return max(times) - min(times), whole, memory.results(results)

    def compare() -> list[Claim]:
        began = time.monotonic()
        serial, _, results = run(1, {})
        durations = dict(memory.after(memory.Memory(), results, is_partial=False).durations)
        assert len(durations) == len(WAITS), f"{len(durations)} tests were timed"
        unordered, _, _ = run(WORKERS, {})
        ordered, whole, _ = run(WORKERS, durations)
        bound = max(max(durations.values()), sum(durations.values()) / WORKERS)
        parts = balance.shards(durations, durations, PARTS)
        names = sorted(durations, key=lambda test: int(test.partition("[")[2].rstrip("]")))
        size = -(-len(names) // PARTS)
        by_number = [names[start : start + size] for start in range(0, len(names), size)]

        def longest(groups: list[list[str]]) -> float:
            return max(sum(durations[test] for test in group) for group in groups)

        ideal = sum(durations.values()) / PARTS
        print(f"\n  {len(WAITS)} tests, {time.monotonic() - began:.0f} s of measuring", end="")
        return [
            Claim(
                f"acceptance with {WORKERS} workers / the bound max(longest test, total / workers)",
                f"serial {serial:.1f} s, in no order {unordered:.1f} s, longest first {ordered:.1f} s, "
                f"bound {bound:.1f} s (with the start of pytest and its workers {whole:.1f} s)",
                ordered / bound,
                LIMIT,
            ),
            Claim(
                f"{PARTS} parts by duration, the longest / an even share",
                f"{longest(parts):.1f} / {ideal:.1f} s",
                longest(parts) / ideal,
                LIMIT,
            ),
            Claim(
                f"{PARTS} parts by number of tests, the longest / an even share",
                f"{longest(by_number):.1f} / {ideal:.1f} s",
                longest(by_number) / ideal,
                None,
            ),
        ]

    prove(compare)
