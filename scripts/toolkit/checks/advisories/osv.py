"""Asks an OSV server (by default osv.dev) about known vulnerabilities of single releases.

One request asks about many pins and answers with the advisories' ids; each is then read once.
https://google.github.io/osv.dev/post-v1-querybatch/
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from typing import Any

from toolkit.base.outcome import Failed
from toolkit.checks.advisories import reach
from toolkit.checks.advisories.answers import Answer, Pin

NAME = "OSV"
AT_ONCE = 4
MOST = 1000
"""Queries that one request may hold, as the API says."""


def address() -> str:
    """Where it is asked: OSV_URL, else osv.dev."""
    chosen = (os.environ.get("OSV_URL") or "https://api.osv.dev").rstrip("/")
    if not chosen.startswith(("http://", "https://")):
        raise Failed("OSV_URL is not an http(s) address")
    return chosen


def ask(pins: Iterable[Pin], today: date) -> dict[Pin, Answer]:
    """What it says of each pin. It answers for every package of PyPI, so "none" is an answer, too.

    Raises reach.OutOfReachError when it does not answer.
    """
    url, wanted = address(), list(pins)
    ids: dict[Pin, list[str]] = {}
    for batch in (wanted[start : start + MOST] for start in range(0, len(wanted), MOST)):
        ids |= reach.within(reach.REQUEST_SECONDS, NAME, partial(_batch, url, batch))
    every = sorted({each for found in ids.values() for each in found})
    with ThreadPoolExecutor(AT_ONCE) as pool:
        details = dict(zip(every, pool.map(lambda each: _detail(url, each), every), strict=True))
    return {
        pin: Answer(today, tuple(details[each] for each in found if details[each]), NAME)
        for pin, found in ids.items()
    }


def queries(pins: Sequence[Pin]) -> dict[str, Any]:
    """The body of the request about these pins."""
    return {
        "queries": [{"package": {"name": n, "ecosystem": "PyPI"}, "version": version} for n, version in pins]
    }


def detail(document: Any, name: str) -> dict[str, str]:
    """An advisory as answers keep it; {} when it was withdrawn. One that cannot be read keeps its id."""
    if not isinstance(document, Mapping):
        return {"id": name, "cve": "", "summary": "", "link": ""}
    if document.get("withdrawn"):
        return {}
    aliases = [str(each) for each in document.get("aliases") or ()]
    summary = str(document.get("summary") or document.get("details") or "").strip().split("\n")[0][:300]
    cve = next((each for each in (name, *aliases) if each.startswith("CVE-")), "")
    return {"id": name, "cve": cve, "summary": summary, "link": f"https://osv.dev/vulnerability/{name}"}


def _batch(url: str, pins: Sequence[Pin]) -> dict[Pin, list[str]]:
    document = reach.document(f"{url}/v1/querybatch", NAME, body=queries(pins))
    results = document.get("results") if isinstance(document, dict) else None
    if not isinstance(results, list) or len(results) != len(pins):
        raise reach.OutOfReachError(f"{NAME} answered with something that is no answer to the question")
    return {pin: list(_ids(result)) for pin, result in zip(pins, results, strict=True)}


def _ids(result: Any) -> Iterator[str]:
    for each in (result or {}).get("vulns") or ():
        yield str(each["id"])


def _detail(url: str, name: str) -> dict[str, str]:
    return detail(reach.document(f"{url}/v1/vulns/{name}", NAME), name)
