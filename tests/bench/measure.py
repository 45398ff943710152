"""Measuring on a machine that does other things too: side by side, medians, ratios, and all that was seen."""

from __future__ import annotations

import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

BESIDE_PYTHON = Path(sys.executable).parent

# A user's Python keeps what it has compiled. Where that is forbidden the toolkit would be compiled again at
# each start, but not the installed programs that it is compared with.
FORGETFUL = "PYTHONDONTWRITEBYTECODE"


class Claim(NamedTuple):
    """One measured claim: how two things compare, and the most (or least) that is allowed.

    Without a limit it is for information.
    """

    what: str
    measured: str
    ratio: float
    limit: float | None
    at_least: bool = False

    @property
    def holds(self) -> bool:
        if self.limit is None:
            return True
        return self.ratio >= self.limit if self.at_least else self.ratio <= self.limit

    def __str__(self) -> str:
        if self.limit is None:
            return f"{self.what}: {self.measured}: {self.ratio:.3g} (no limit set)"
        word = "at least" if self.at_least else "at most"
        verdict = "holds" if self.holds else "DOES NOT HOLD"
        return f"{self.what}: {self.measured}: {self.ratio:.3g}, {word} {self.limit:.3g}: {verdict}"


def prove(compare: Callable[[], Sequence[Claim]], attempts: int = 3) -> None:
    """Print what a comparison finds; one that fails is made again, for the machine may have been busy."""
    broken: list[str] = []
    for attempt in range(1, attempts + 1):
        claims = compare()
        for claim in claims:
            print(f"\n  {claim}" + (f" (attempt {attempt})" if attempt > 1 else ""), end="", flush=True)
        broken = [str(claim) for claim in claims if not claim.holds]
        if not broken:
            break
    print()
    assert not broken, "\n".join(broken)


class Cost(NamedTuple):
    """What a process cost, and all that it waited for: seconds by the clock, and of the processors."""

    wall: float
    cpu: float


def cost(argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str]) -> Cost:
    """Run a program to its end; it must succeed."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    ran = subprocess.run([str(word) for word in argv], cwd=cwd, env=env, capture_output=True, text=True)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert ran.returncode == 0, f"{argv}:\n{ran.stdout}{ran.stderr}"
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that so many of them do not exceed: 0.95 gives the 95th percentile (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def interleaved(things: Mapping[str, Callable[[], Cost]], rounds: int) -> dict[str, Cost]:
    """The medians of each thing, measured in turn (A B C A B C): a busy moment hits all of them alike."""
    seen: dict[str, list[Cost]] = {name: [] for name in things}
    for _ in range(rounds):
        for name, measure in things.items():
            seen[name].append(measure())
    return {
        name: Cost(median(each.wall for each in costs), median(each.cpu for each in costs))
        for name, costs in seen.items()
    }


YARD = "sum(number * number for number in range(1_500_000))"


def slowness() -> float:
    """How many times longer than alone a program takes here at this moment: 1 on a machine that does nothing
    else. What is measured is a program that only computes, by the clock and by the processor's time."""
    took = cost([sys.executable, "-S", "-c", YARD], cwd=Path.cwd(), env=os.environ)
    return max(1.0, took.wall / took.cpu)


def environment(**more: str) -> dict[str, str]:
    """This process's environment as an ordinary user's shell has it, with the tools of .venv on PATH."""
    kept = {name: value for name, value in os.environ.items() if name != FORGETFUL}
    return {**kept, "PATH": f"{BESIDE_PYTHON}{os.pathsep}{os.environ['PATH']}", **more}
