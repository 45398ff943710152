"""A pytest plugin: which tests of a suite run, in which order, how often, and how each of them ended.

The file that $FB_SELECTION names says {"durations": {test: seconds}, "shard": [number, of] or null,
"repeat": times, "only": [test, ...] or null}; a test whose id holds what may not be written down is called
sha256:... there. What came of it goes to the file that $FB_RESULTS names: {test: [[seconds, outcome], ...]},
an entry for each time that it ran.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import balance  # type: ignore[import-not-found]  # beside this file, which is no package there
import pytest

REPETITION = re.compile(r"(?:(?<=\[)|-)repetition\d+(?:-(?=[^\]]))?")
_WORST = ("passed", "skipped", "failed")


def name_of(nodeid: str) -> str:
    """A test's name, the same for all its repetitions."""
    return REPETITION.sub("", nodeid).replace("[]", "")


def known_as(name: str) -> tuple[str, str]:
    """The two words that a test may be remembered by."""
    return name, f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"


class Selection:
    """Selects and orders in every process, notes results in the one that started the others."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.wanted = wanted
        self.results: dict[str, list[list[Any]]] = defaultdict(list)
        self.running: dict[str, list[Any]] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if (times := self.wanted["repeat"]) > 1:
            metafunc.fixturenames.append("_repetition")
            metafunc.parametrize(
                "_repetition", range(times), ids=[f"repetition{number}" for number in range(times)]
            )

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        names = {name_of(item.nodeid) for item in items}
        kept = self.wanted["durations"]
        durations = {name: kept[word] for name in names for word in known_as(name) if word in kept}
        chosen = names
        if self.wanted["only"] is not None:
            chosen = {name for name in names if set(known_as(name)) & set(self.wanted["only"])}
        if self.wanted["shard"]:
            number, count = self.wanted["shard"]
            chosen = chosen & set(balance.shards(names, durations, count)[number - 1])
        order = {name: place for place, name in enumerate(balance.longest_first(chosen, durations))}
        left_out = [item for item in items if name_of(item.nodeid) not in order]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
        left_in = [item for item in items if name_of(item.nodeid) in order]
        items[:] = sorted(left_in, key=lambda item: order[name_of(item.nodeid)])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        entry = self.running.setdefault(report.nodeid, [0.0, "passed"])
        entry[0] += report.duration
        entry[1] = max(entry[1], report.outcome, key=_WORST.index)
        if report.when == "teardown":
            self.results[name_of(report.nodeid)].append(self.running.pop(report.nodeid))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not hasattr(session.config, "workerinput") and (file := os.environ.get("FB_RESULTS")):
            for nodeid, entry in self.running.items():  # a worker that died took its end with it
                self.results[name_of(nodeid)].append([entry[0], "failed"])
            Path(file).write_text(json.dumps(self.results), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    if file := os.environ.get("FB_SELECTION"):
        config.pluginmanager.register(
            Selection(json.loads(Path(file).read_text(encoding="utf-8"))), "selection"
        )
