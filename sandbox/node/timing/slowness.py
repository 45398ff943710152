"""How slow a node is: the sandbox's starts a container in a tenth of a second, a cluster's takes its time.
The draws come from a seed; the caller sleeps.

What a factor of 1 stands for is what a quiet node of a cluster took: an image is pulled in up to two seconds
when it is not there yet, a container starts in up to one, and a probe looks for the first time at any moment
of its first period (kubelet: prober/worker.go), never between two.
"""

from __future__ import annotations

import random
import secrets

PULL, START = (0.3, 2.0), (0.1, 1.0)
RANDOM = "random"
_RANDOM_FACTORS = (0.5, 3.0)


class Slowness:
    """``factor`` multiplies the times, 0 is a node that makes nobody wait."""

    def __init__(self, factor: float = 0.0, seed: int = 0) -> None:
        self.factor, self.seed = factor, seed
        self._random = random.Random(seed)  # noqa: S311 - draws that can be drawn again
        self._there: set[str] = set()

    @classmethod
    def of(cls, text: str) -> Slowness:
        """From "<factor>" or "<factor>:<seed>"; the factor "random" is drawn too. Raises ValueError."""
        if not text:
            return cls()
        word, _, given = text.partition(":")
        seed = int(given) if given else secrets.randbelow(10**6)
        drawn = round(random.Random(seed).uniform(*_RANDOM_FACTORS), 2)  # noqa: S311
        factor = drawn if word == RANDOM else float(word)
        if not 0 <= factor <= 1000:
            raise ValueError(f"{factor} is not between 0 and 1000")
        return cls(factor, seed)

    def __str__(self) -> str:
        return f"{self.factor:g}:{self.seed}"

    def __bool__(self) -> bool:
        return self.factor > 0

    def has_to_pull(self, image: str, policy: str) -> bool:
        """Whether an image takes time: it is new to a slow node, or wanted anew each time."""
        new = image not in self._there
        self._there.add(image)
        return bool(self) and policy != "Never" and (new or policy == "Always")

    def pull(self) -> float:
        """Seconds that a pull takes."""
        return self.factor * self._random.uniform(*PULL)

    def start(self) -> float:
        """Seconds from an image that is there to a process."""
        return self.factor * self._random.uniform(*START)

    def first_look(self, period: float) -> float:
        """Seconds that a probe's first look comes later than it could."""
        return self._random.uniform(0, period) if self else 0.0
