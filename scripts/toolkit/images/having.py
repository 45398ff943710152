"""Which images there are: asked of the embedded cluster, or of the registries."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from toolkit.base import tools
from toolkit.images.builders import sandbox
from toolkit.images.builders.sandbox import Asked
from toolkit.images.registries import asking
from toolkit.images.registries.asking import Said
from toolkit.settings.model import Cluster
from toolkit.settings.sandbox import TOOLKIT, state_of
from toolkit.settings.tables.refs import address

ASK_SECONDS = 60.0
SIDE_BY_SIDE = 8

Say = Callable[[str], None]


def missing(cluster: Cluster, refs: Iterable[str], root: Path, say: Say = lambda _: None) -> dict[str, str]:
    """Why images cannot be had: reference -> sentence, for those alone that certainly cannot.

    That is what its registry does not know, and what is in the registry that we push to while that does not
    answer. Of other images whose registry could not be asked `say` gets a line: the cluster may have a way to
    it, and credentials, that this machine has not.
    """
    wanted = list(dict.fromkeys(refs))
    if not wanted:
        return {}
    if cluster.builder == "sandbox":
        ran = tools.run(
            sandbox.images(wanted, state_of(cluster, root)),
            cwd=TOOLKIT,
            check=False,
            echo=False,
            timeout=ASK_SECONDS,
        )
        asked = sandbox.has(ran.answer)
        ours = "sandbox/"
    else:
        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="registry") as pool:
            asked = dict(zip(wanted, pool.map(_ask, wanted), strict=True))
        ours = address(cluster.registry).rstrip("/")
        ours = ours and f"{ours}/"
    for ref, answer in asked.items():
        if not answer.is_known and not (ours and ref.startswith(ours)):
            say(f"image {ref}: {answer.why}")
    return {
        ref: answer.why
        for ref, answer in asked.items()
        if answer.why and (answer.is_known or (ours and ref.startswith(ours)))
    }


def _ask(ref: str) -> Asked:
    answer = asking.ask(ref)
    if answer.said is Said.THERE:
        return Asked()
    if answer.said is Said.ABSENT:
        return Asked(f"does not exist ({answer.why})")
    return Asked(f"its registry could not be asked: {answer.why}", is_known=False)


class Known:
    """Asks for each image once, whoever wants to know: `missing` for several spaces side by side."""

    def __init__(self, cluster: Cluster, root: Path, say: Say) -> None:
        self._cluster = cluster
        self._root = root
        self._say = say
        self._lock = threading.Lock()
        self._answers: dict[str, str] = {}

    def __call__(self, refs: Iterable[str]) -> dict[str, str]:
        """{reference: why it cannot be had}, as `missing`."""
        wanted = list(refs)
        with self._lock:
            new = [ref for ref in wanted if ref not in self._answers]
            found = missing(self._cluster, new, self._root, self._say)
            self._answers |= {ref: found.get(ref, "") for ref in new}
            return {ref: self._answers[ref] for ref in wanted if self._answers[ref]}
