"""Builds an app's images once, names them by digest, and keeps the names in .pipeline/images/<app>.json;
and says which images there are."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from toolkit.base import files, tools
from toolkit.base.outcome import Misused, TimedOut
from toolkit.ci import inputs
from toolkit.ci.origin import Source
from toolkit.images import builders
from toolkit.images.builders import Asked, Build
from toolkit.runs import built
from toolkit.settings.model import App, Cluster
from toolkit.settings.request import version
from toolkit.settings.sandbox import TOOLKIT, state_of
from toolkit.settings.secrecy import without_secrets

BUILD_SECONDS = 900.0
ASK_SECONDS = 60.0
SIDE_BY_SIDE = 8

Say = Callable[[str], None]


def build(app: App, cluster: Cluster, source: Source, say: Say, *, root: Path) -> dict[str, str]:
    """Each role's image by digest (role -> name@sha256:...), built only when inputs changed.

    Roles that share a Dockerfile share the image; different ones are built side by side. Raises Misused
    when a Dockerfile or the builder is missing, ToolFailed when a build fails.
    """
    builds = _builds(app, source)
    dockerfiles = dict(app.images)
    if cluster.builder == "sandbox":
        made = _side_by_side(
            {path: _sandbox_job(each, state_of(cluster, root), say) for path, each in builds.items()}
        )
        images = {role: made[path] for role, path in dockerfiles.items()}
    else:
        registry = _registry(cluster)
        key = _key(app, registry)
        kept = built.read(root, app.name).get(cluster.name, {})
        if kept.get("key") == key and set(kept.get("images", ())) == set(dockerfiles):
            say(f"{app.name}: images are up to date")
            return dict(kept["images"])
        made = _side_by_side({path: _docker_job(each, registry) for path, each in builds.items()})
        images = {role: made[path] for role, path in dockerfiles.items()}
        _keep(app.name, root, cluster.name, {"key": key, "images": images})
        return images
    _keep(app.name, root, cluster.name, {"images": images})
    return images


def _builds(app: App, source: Source) -> dict[str, Build]:
    """One build per Dockerfile, named after the first role that uses it."""
    if not app.images:
        raise Misused(
            f"{app.name}: apps.toml names no image for it",
            remedy=f'set `images = {{ api = "Dockerfile" }}` in [apps.{app.name}]',
        )
    builds: dict[str, Build] = {}
    for role, path in app.images.items():
        dockerfile = app.path / path
        if not dockerfile.is_file():
            raise Misused(
                f"{app.name}: there is no Dockerfile {dockerfile}",
                remedy=f"set apps.{app.name}.images.{role} in apps.toml to where it is",
            )
        builds.setdefault(
            path, Build(f"fb-{app.name}-{role}", dockerfile, app.context, version(source), source.commit)
        )
    return builds


def _side_by_side(jobs: Mapping[str, Callable[[], str]]) -> dict[str, str]:
    pool = ThreadPoolExecutor(max_workers=len(jobs))
    try:
        futures = {name: pool.submit(job) for name, job in jobs.items()}
        return {name: future.result() for name, future in futures.items()}
    except BaseException:
        tools.stop_all()  # a build that failed, or Ctrl-C: the others are not wanted any more
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _sandbox_job(build: Build, state: Path, say: Say) -> Callable[[], str]:
    def job() -> str:
        free = without_secrets(os.environ)  # a Dockerfile's commands are the app's own code
        argv = builders.sandbox(build, state)
        ran = tools.run(argv, cwd=TOOLKIT, timeout=BUILD_SECONDS, inherited=free)
        image, reused = builders.sandbox_answer(ran.answer)
        say(f"{build.name}: {'unchanged' if reused else 'built'}, {image}")
        return image

    return job


def _docker_job(build: Build, registry: str) -> Callable[[], str]:
    def job() -> str:
        with tempfile.TemporaryDirectory() as folder:
            iidfile = Path(folder, "id")
            tools.run(builders.docker_build(build, registry, iidfile), timeout=BUILD_SECONDS)
            pushed = tools.run(builders.docker_push(build, registry), timeout=BUILD_SECONDS)
            if image := builders.docker_pushed(pushed.answer, build, registry):
                return image
            inspect = builders.docker_inspect(iidfile.read_text().strip())
            ran = tools.run(inspect, echo=False, timeout=60, apart=True)
        return builders.docker_answer(ran.answer, build, registry)

    return job


def _registry(cluster: Cluster) -> str:
    if cluster.registry is None:
        raise Misused(
            f"cluster {cluster.name}: it builds with docker, and apps.toml names no registry to push to",
            remedy=f'set `registry = {{ env = "REGISTRY" }}` in [clusters.{cluster.name}]',
        )
    value = os.environ.get(cluster.registry.name(), "")
    if not value:
        raise Misused(
            f"{cluster.name}: {cluster.registry.name()} is not set, and must name the registry to push to",
            remedy=f"export {cluster.registry.name()}=registry.example/team",
        )
    return value


def _key(app: App, registry: str) -> str:
    """Names all that can change an image: the context's files, what git ignores among them too; the
    Dockerfiles, wherever they are, with what each has ignored; and where it is pushed."""
    digest = hashlib.sha256(f"{registry} {sorted(app.images.items())}".encode())
    for file in inputs.everything(app.context):
        digest.update(os.fsencode(os.path.relpath(file, app.context)) + b"\0" + inputs.digest(file).encode())
    for name in sorted(set(app.images.values())):
        for each in (app.path / name, app.path / f"{name}.dockerignore"):
            digest.update(b"\0" + inputs.digest(each).encode())
    return digest.hexdigest()


def _keep(name: str, root: Path, cluster: str, entry: Mapping[str, Any]) -> None:
    file = built.file_of(root, name)
    files.write(file, json.dumps({**built.read(root, name), cluster: entry}, indent=2))


def missing(cluster: Cluster, refs: Iterable[str], root: Path, say: Say = lambda _: None) -> dict[str, str]:
    """Why images cannot be had: reference -> sentence, for those alone that certainly cannot.

    That is what its registry does not know, and what is in the registry that we push to while that does not
    answer. Of other images whose registry could not be asked `say` gets a line: the cluster may have a way to
    it, and credentials, that this machine has not. Raises Misused when the builder's program is missing.
    """
    wanted = list(dict.fromkeys(refs))
    if not wanted:
        return {}
    if cluster.builder == "sandbox":
        ran = tools.run(
            builders.sandbox_images(wanted, state_of(cluster, root)),
            cwd=TOOLKIT,
            check=False,
            echo=False,
            timeout=ASK_SECONDS,
        )
        asked = builders.sandbox_has(ran.answer)
        ours = "sandbox/"
    else:
        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="registry") as pool:
            asked = dict(zip(wanted, pool.map(_ask_docker, wanted), strict=True))
        ours = (
            cluster.registry.text().rstrip("/") + "/" if cluster.registry and cluster.registry.text() else ""
        )
    for ref, answer in asked.items():
        if not answer.is_known and not (ours and ref.startswith(ours)):
            say(f"image {ref}: {answer.why}")
    return {
        ref: answer.why
        for ref, answer in asked.items()
        if answer.why and (answer.is_known or (ours and ref.startswith(ours)))
    }


def _ask_docker(ref: str) -> Asked:
    try:
        ran = tools.run(builders.docker_manifest(ref), check=False, echo=False, timeout=ASK_SECONDS)
    except TimedOut as error:
        return Asked(f"its registry could not be asked: {error.reason}", is_known=False)
    return builders.docker_has(ran.code, ran.answer)


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
