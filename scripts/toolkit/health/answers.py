"""Asking an address through the API server: what it answers, and how fast it is."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

import urllib3

from toolkit.base.outcome import Failed
from toolkit.base.redaction import scrub
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.objects.fields import text

ASK_SECONDS = 5.0
LARGEST_ANSWER = 64 * 1024
# What is told of an answer that is not good, in characters.
SHOWN = 160
# A pod is slow when its median is so many times that of the others, and so many seconds more.
SLOW_TIMES, SLOW_SECONDS = 3.0, 0.1
_TITLE = re.compile(r"<title[^>]*>([^<]*)", re.I)


@dataclass
class Answers:
    """What was heard of one address: the latencies of its good answers, in seconds."""

    seconds: list[float] = field(default_factory=list)


class Answer(NamedTuple):
    """One answer. status is 0 when there was none; then `said` tells why."""

    status: int
    said: str
    seconds: float

    @property
    def is_good(self) -> bool:
        """Whether it says that all is well (2xx)."""
        return 200 <= self.status < 300


def ask(connection: Connection, path: str, seconds: float = ASK_SECONDS) -> Answer:
    """GET a path of the API server's pod or service proxy.

    Raises ApiError when the API server itself refuses the credential: that is nobody's health.
    """
    started = time.monotonic()

    def answer(status: int, said: str) -> Answer:
        return Answer(status, said, time.monotonic() - started)

    try:
        # As a stream: an app's own "come back later" must not make us wait, nor an answer without end.
        response = connection.request("GET", path, timeout=seconds, headers={"Accept": "*/*"}, stream=True)
    except ApiError as error:
        if text(error.body, "kind") != "Status":
            return answer(error.status, error.said)
        if error.status == 401 or (error.status == 403 and error.word == "Forbidden"):
            raise
        return answer(0, error.said)
    except Failed as error:
        return answer(0, error.reason)
    body = b""
    try:
        for chunk in response.stream(8192):
            body += chunk
            if len(body) > LARGEST_ANSWER or time.monotonic() - started > seconds:
                return answer(0, f"its answer does not end ({len(body)} bytes in {seconds:g} s)")
    except (urllib3.exceptions.HTTPError, OSError):
        return answer(0, "it broke its answer off")
    else:
        where = response.headers.get("Location", "")
        said = f"to {where}" if 300 <= response.status < 400 else body.decode("utf-8", "replace")
        return answer(response.status, said)
    finally:
        response.close()


def first_line(said: str) -> str:
    """What of an answer fits in a sentence, without secrets; of a web page its title."""
    title = _TITLE.search(said) if said.lstrip().startswith("<") else None
    lines = (title[1] if title else scrub(said)).strip().splitlines()
    line = " ".join(lines[0].split()) if lines else ""
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def latencies(heard: Mapping[str, Answers]) -> dict[str, dict[str, float]]:
    """Milliseconds per address: median, 95th and 99th percentile, largest, and of how many answers."""
    return {what: quantiles(answers.seconds) for what, answers in heard.items() if answers.seconds}


def overall(heard: Mapping[str, Answers]) -> dict[str, float]:
    """The same over all addresses together; {} when nothing answered."""
    every = [seconds for answers in heard.values() for seconds in answers.seconds]
    return quantiles(every) if every else {}


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """Nearest-rank quantiles in milliseconds."""
    ranked = sorted(seconds)
    found = {f"p{percent}": _at(ranked, percent) for percent in (50, 95, 99)}
    return {**found, "max": _at(ranked, 100), "count": len(ranked)}


def _at(ranked: Sequence[float], percent: int) -> float:
    place = max(0, -(-percent * len(ranked) // 100) - 1)
    return round(ranked[place] * 1000, 1)


def slow_ones(heard: Mapping[tuple[str, str], Answers]) -> list[str]:
    """A sentence per pod that is much slower than the others at the same path; keys are (pod, path)."""
    found = []
    for path in dict.fromkeys(path for _, path in heard):
        mine = {pod: median(each.seconds) for (pod, at), each in heard.items() if at == path and each.seconds}
        for pod, seconds in mine.items():
            others = [each for other, each in mine.items() if other != pod]
            usual = median(others) if others else seconds
            if seconds > max(SLOW_TIMES * usual, usual + SLOW_SECONDS):
                there, elsewhere = f"{seconds * 1000:.0f} ms", f"{usual * 1000:.0f} ms"
                found.append(f"Pod/{pod} is slow: {path} takes {there} there, {elsewhere} elsewhere")
    return found
