"""Whether images can be built and pushed from here: the builder's program, its engine, and the registries."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator

import urllib3

from toolkit.base import tools
from toolkit.base.outcome import PipelineError
from toolkit.images.builders import table
from toolkit.images.builders.builder import Builder
from toolkit.images.fitting import RENAMED
from toolkit.images.registries.reference import host_of, is_loopback
from toolkit.settings.model import App, Cluster, Ref
from toolkit.settings.tables.refs import address

SECONDS = 10.0


def of_builder(cluster: Cluster, apps: Iterable[App]) -> Iterator[tuple[bool | None, str, str]]:
    """(whether it is well, what was seen, the fix); None for what is only good to know."""
    yield from _of_program(table.named(cluster.builder))
    named = [cluster.registry, *(image.registry for app in apps for image in app.images.values())]
    for each in named:
        if isinstance(each, Ref) and not each.text() and os.environ.get(old := RENAMED.get(each.env, "-")):
            yield False, f"{old} is set, and its name is {each.env} now", f"export {each.env}=${old}"
    for host in dict.fromkeys(host_of(text) for text in map(address, named) if text):
        yield _of_registry(host)


def _of_program(row: Builder) -> Iterator[tuple[bool | None, str, str]]:
    if not shutil.which(row.program):
        how = tools.HOW_TO_GET.get(row.program, f"install {row.program}")
        yield False, f"{row.program} is not here, which builds the images for this cluster", how
        return
    if not row.engine:
        yield True, f"{row.program} is here, which builds the images for this cluster", ""
        return
    try:
        ran = tools.run(list(row.engine), check=False, echo=False, timeout=SECONDS)
        version = ran.output.strip().splitlines()[-1] if ran.code == 0 and ran.output.strip() else ""
    except PipelineError:
        version = ""
    if version:
        yield True, f"{row.program} is here, and its engine answers ({version})", ""
    else:
        asked = " ".join(row.engine[:3] if row.name == "buildx" else row.engine[:2])
        yield (
            False,
            f"{row.program} is here, and its engine does not answer",
            f"start it; `{asked}` says why",
        )


def _of_registry(host: str) -> tuple[bool | None, str, str]:
    """Any answer is one: whether it lets us push, only a push tells."""
    url = f"{'http' if is_loopback(host) else 'https'}://{host}/v2/"
    try:
        with urllib3.PoolManager(retries=False, timeout=SECONDS / 2) as pool:
            pool.request("GET", url)
    except urllib3.exceptions.HTTPError as error:
        return (
            None,
            f"the registry {host} did not answer from here ({type(error).__name__}); the engine may reach it",
            "",
        )
    return True, f"the registry {host} answers", ""
