"""Builds an app's images once, names them by digest, and keeps the names in .pipeline/images/<app>.json."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from toolkit.base import files, tools
from toolkit.base.outcome import Misused
from toolkit.base.redaction import Raw
from toolkit.ci import inputs
from toolkit.images import elsewhere, fitting
from toolkit.images.builders import sandbox, table
from toolkit.images.builders.builder import Build, Builder, Run
from toolkit.runs import built
from toolkit.settings.model import App
from toolkit.settings.request import Request, version
from toolkit.settings.sandbox import TOOLKIT, state_of
from toolkit.settings.secrecy import without_secrets

BUILD_SECONDS = 900.0
ASK_SECONDS = 60.0

_one_at_a_time = threading.Lock()
"""For a builder that builds in the file system that it runs in, whichever apps it builds for."""


def build(request: Request, app: App, *, anew: bool = False) -> dict[str, str]:
    """Each role's image by digest (role -> name@sha256:...), built only when inputs changed.

    Roles that share an image share its build; different ones are built side by side where the builder can.
    What is built elsewhere is asked for first; a name that led to a digest for this version leads to it
    again, unless anew. Raises Misused for what is missing or cannot be built here, ToolFailed when a build
    fails.
    """
    root, cluster, say, source = request.root, request.cluster, request.say, request.source_of(app)
    wanted = fitting.wanted(app, cluster, source)
    kept = built.read(root, app.name).get(cluster.name, {})
    named = {} if anew else kept.get("elsewhere", {})
    known: dict[str, str] = {}
    images: dict[str, str] = {}
    for role, name in wanted.elsewhere.items():
        key = f"{name} for {version(source)}"
        known[key] = known.get(key) or named.get(key) or elsewhere.by_digest(app.name, role, name)
        images[role] = known[key]
        say(f"{app.name}, role {role}: {name} is {known[key]}")
    entry: dict[str, Any] = {"elsewhere": known} if known else {}
    if wanted.builds:
        images |= _built(request, app, wanted.builds, kept, entry)
    images = {role: images[role] for role in app.images}
    _keep(app.name, root, cluster.name, {**entry, "images": images})
    return images


def _built(
    request: Request,
    app: App,
    builds: Mapping[Build, tuple[str, ...]],
    kept: Mapping[str, Any],
    entry: dict[str, Any],
) -> dict[str, str]:
    """Role to image of what is built here; entry gets what tells whether it is to be built again."""
    cluster, say = request.cluster, request.say
    roles = [role for sharing in builds.values() for role in sharing]
    if cluster.builder == "sandbox":
        state = state_of(cluster, request.root)
        jobs = {each: _sandbox_job(request, app, each, state) for each in builds}
    else:
        entry["key"] = _key(builds)
        before = kept.get("images", {})
        if kept.get("key") == entry["key"] and set(roles) <= set(before):
            say(f"{app.name}: images are up to date")
            return {role: before[role] for role in roles}
        row = table.named(cluster.builder)
        jobs = {each: _job(row, each) for each in builds}
    made = _run(jobs)
    return {role: made[each] for each, sharing in builds.items() for role in sharing}


def _run(jobs: Mapping[Build, Callable[[], str]]) -> dict[Build, str]:
    pool = ThreadPoolExecutor(max_workers=len(jobs))
    try:
        futures = {name: pool.submit(job) for name, job in jobs.items()}
        return {name: future.result() for name, future in futures.items()}
    except BaseException:
        tools.stop_all()  # a build that failed, or Ctrl-C: the others are not wanted any more
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _sandbox_job(request: Request, app: App, wanted: Build, state: Path) -> Callable[[], str]:
    def job() -> str:
        free = without_secrets(os.environ)  # a Dockerfile's commands are the app's own code
        argv = sandbox.build(wanted, state)
        ran = tools.run(argv, cwd=TOOLKIT, timeout=BUILD_SECONDS, inherited=free, check=False)
        if ran.code == sandbox.MISUSED:
            fitting.require_buildable([wanted], app, request.cluster, request.root, fitting.others(request))
            raise Misused(sandbox.refusal(ran.answer))
        if ran.code:
            raise tools.ToolFailed(ran)
        image, reused = sandbox.answer(ran.answer)
        request.say(f"{wanted.name}: {'unchanged' if reused else 'built'}, {image}")
        return image

    return job


def _job(row: Builder, wanted: Build) -> Callable[[], str]:
    def shown(argv: list[str], env: Mapping[str, str]) -> Raw:
        return tools.run(argv, env=env, timeout=BUILD_SECONDS).answer

    def quiet(argv: list[str]) -> Raw:
        return tools.run(argv, echo=False, timeout=ASK_SECONDS, apart=True).answer

    def job() -> str:
        turn = nullcontext() if row.side_by_side else _one_at_a_time
        with turn, tempfile.TemporaryDirectory() as folder:
            return row.make(wanted, Path(folder), Run(shown, quiet))

    return job


def _key(builds: Mapping[Build, tuple[str, ...]]) -> str:
    """Names all that can change an image: what the build is told, but not under which version; the context's
    files, what git ignores among them too; the Dockerfiles, wherever they are, with what each has ignored."""
    digest = hashlib.sha256()
    for build, roles in sorted(builds.items(), key=lambda pair: pair[1]):
        told = (build.repository, build.args, build.secrets, build.target, build.platform, roles)
        digest.update(repr(told).encode() + os.fsencode(os.path.relpath(build.dockerfile, build.context)))
        for each in (build.dockerfile, build.dockerfile.with_name(f"{build.dockerfile.name}.dockerignore")):
            digest.update(b"\0" + inputs.digest(each).encode())
    for context in sorted({build.context for build in builds}):
        digest.update(b"\0\0")
        for file in inputs.everything(context):
            path = os.fsencode(os.path.relpath(file, context))
            digest.update(path + b"\0" + inputs.digest(file).encode())
    return digest.hexdigest()


def _keep(name: str, root: Path, cluster: str, entry: Mapping[str, Any]) -> None:
    file = built.file_of(root, name)
    files.write(file, json.dumps({**built.read(root, name), cluster: entry}, indent=2))
