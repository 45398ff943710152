"""What is to be built for an app, and whether the cluster's builder can: told before anything is started."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from toolkit.base import tools
from toolkit.base.outcome import Misused
from toolkit.ci import checkout
from toolkit.ci.origin import Source
from toolkit.images.builders import builder, sandbox, table
from toolkit.images.builders.builder import Build
from toolkit.settings.model import App, Cluster, Image
from toolkit.settings.request import Request, version
from toolkit.settings.sandbox import TOOLKIT, state_of
from toolkit.settings.secrecy import without_secrets
from toolkit.settings.tables.refs import Ref

CHECK_SECONDS = 60.0
RENAMED = {"ECR_REGISTRY": "ECR_REPOSITORY"}
"""Variables that had another name: a repository of ECR is an image's name, and this is where they are."""
_WORDS = {
    builder.ARGUMENTS: ("build_args", "build_args"),
    builder.SECRETS: ("build_args", 'a secret in build_args ({ env = "..." })'),
    builder.TARGET: ("target", "target"),
    builder.PLATFORM: ("platform", "platform"),
}


class Wanted(NamedTuple):
    """What is to be done for an app: a build for the roles that share it, and what others built."""

    builds: dict[Build, tuple[str, ...]]
    elsewhere: dict[str, str]


def wanted(app: App, cluster: Cluster, source: Source) -> Wanted:
    """The builds of an app, each with the roles that share it, and role -> name of what is built elsewhere.

    A build is named after the first of its roles. Raises Misused for what is not there or cannot be done.
    """
    if not app.images and not app.restart:
        raise Misused(
            f"{app.name}: apps.toml names no image for it",
            remedy=f'set `images = {{ api = "Dockerfile" }}` in [apps.{app.name}]',
        )
    builds: dict[Build, tuple[str, ...]] = {}
    named: dict[Image, Build] = {}
    elsewhere: dict[str, str] = {}
    for role, image in app.images.items():
        if image.image:
            elsewhere[role] = _name(app, role, cluster, source)
            continue
        if image not in named:
            named[image] = _build(app, role, cluster, source)
        made = named[image]
        _require_a_name_of_its_own(app, role, made, builds)
        builds[made] = (*builds.get(made, ()), role)
    return Wanted(builds, elsewhere)


def _require_a_name_of_its_own(
    app: App, role: str, made: Build, builds: Mapping[Build, tuple[str, ...]]
) -> None:
    """Raises Misused for two builds that would be pushed under one name: side by side, one would be taken for
    the other."""
    for other, roles in builds.items():
        if other != made and made.repository and other.tagged == made.tagged:
            raise Misused(
                f"{app.name}: images.{roles[0]} and images.{role} are two images, and both would be "
                f"pushed to {made.repository}",
                remedy=f"give one of them another `repository` in [apps.{app.name}.images]",
            )


def _build(app: App, role: str, cluster: Cluster, source: Source) -> Build:
    image, where = app.images[role], f"apps.{app.name}.images.{role}"
    dockerfile, context = app.path / image.dockerfile, app.context_of(image)
    _require_inside(app, where, dockerfile, context)
    if not dockerfile.is_file():
        raise Misused(
            f"{app.name}: there is no Dockerfile {dockerfile}",
            remedy=f"set {where} in apps.toml to where it is",
        )
    if not context.is_dir():
        raise Misused(
            f"{app.name}: there is no folder {context} to build in",
            remedy=f"correct {where}.context in apps.toml",
        )
    name = f"fb-{app.name}-{role}"
    is_sandbox = cluster.builder == "sandbox"
    given = [(key, image.filled(text, source.commit, version(source))) for key, text in image.plain]
    made = Build(
        name,
        dockerfile,
        context,
        version(source),
        source.commit,
        repository="" if is_sandbox else f"{registry(app, role, cluster)}/{image.repository or name}",
        args=tuple(given),
        secrets=tuple((key, ref.name()) for key, ref in image.secrets),
        target=image.target,
        platform=image.platform,
    )
    _require_able(made, app, role, cluster)
    _require_secrets(made, image, where)
    return made


def _require_inside(app: App, where: str, *paths: Path) -> None:
    """Raises Misused for what leaves the checkout of an app whose code is elsewhere: it is nobody's."""
    top = checkout.top_of(app.path) if app.repository else ""
    for path in paths if top else ():
        if not path.resolve().is_relative_to(Path(top).resolve()):
            raise Misused(
                f"{where}: {path} leaves the repository that {app.name} is in",
                remedy=f"correct `dockerfile` or `context` of {where} in apps.toml",
            )


def registry(app: App, role: str, cluster: Cluster) -> str:
    """The registry of an image, its own or the cluster's. Raises Misused when nobody names one."""
    own = app.images[role].registry
    named = cluster.registry if own is None else own
    if named is None:
        raise Misused(
            f"cluster {cluster.name}: it builds with {cluster.builder}, and names no registry to push to",
            remedy=f'set `registry = {{ env = "REGISTRY" }}` in [clusters.{cluster.name}]',
        )
    if isinstance(named, str):
        return named.rstrip("/")
    value = named.text()
    if not value:
        what = cluster.name if own is None else f"{app.name}, role {role}"
        raise Misused(
            f"{what}: {named.name()} is not set, and must name the registry to push to{_renamed(named)}",
            remedy=f"export {named.name()}=registry.example/team",
        )
    return value.rstrip("/")


def _renamed(named: Ref) -> str:
    old = RENAMED.get(named.env, "")
    return f"; {old}, which is set, was its name before" if old and os.environ.get(old) else ""


def _name(app: App, role: str, cluster: Cluster, source: Source) -> str:
    image = app.images[role]
    text = image.filled(image.image, source.commit, version(source))
    if "{registry}" not in text:
        return text
    return text.replace("{registry}", registry(app, role, cluster))


def _require_able(made: Build, app: App, role: str, cluster: Cluster) -> None:
    for lacking in sorted(made.asks - table.can(cluster.builder)):
        key, words = _WORDS[lacking]
        able = [name for name, row in table.ROWS.items() if lacking in row.can]
        raise Misused(
            f"apps.{app.name}.images.{role}: has {words}, which {cluster.builder}, the builder of cluster "
            f"{cluster.name}, cannot do",
            remedy=f"take a cluster with another builder ({', '.join(able)}), or leave `{key}` out",
        )


def _require_secrets(made: Build, image: Image, where: str) -> None:
    """Each secret is there, and is asked for in the way that leaves it in no layer."""
    for name, ref in image.secrets:
        value = ref.text()
        if not value:
            raise Misused(
                f"{where}.build_args.{name}: {ref.name()} is not set",
                remedy=f"export {ref.name()}, as a secret",
            )
        builder.known(value)
        for number, line in enumerate(made.dockerfile.read_text(errors="replace").splitlines(), 1):
            if re.match(rf"\s*(?i:ARG)\s+(?:\S+\s+)*{name}(?:[\s=]|$)", line):
                raise Misused(
                    f"{made.dockerfile}:{number}: ARG {name} would keep a secret in the image's history",
                    remedy=f"RUN --mount=type=secret,id={name} has it in /run/secrets/{name}; take ARG out",
                )


def foresee(request: Request) -> None:
    """Raises Misused for images that cannot be built here, by a look: nothing is built, nobody is asked."""
    app, cluster = request.app, request.cluster
    if app.images:
        require_buildable(
            wanted(app, cluster, request.source).builds, app, cluster, request.root, others(request)
        )


def others(request: Request) -> dict[str, str]:
    """The clusters that have a container engine, with their builders."""
    clusters = request.config.clusters.values()
    return {each.name: each.builder for each in clusters if each.builder != "sandbox"}


def require_buildable(
    builds: Iterable[Build], app: App, cluster: Cluster, root: Path, instead: dict[str, str]
) -> None:
    """Raises Misused, with the line that decides it, for what the sandbox cannot build; others build all."""
    if cluster.builder != "sandbox":
        return
    state, every = state_of(cluster, root), list(builds)

    def refusal(each: Build) -> str:
        argv = sandbox.build(each, state, check=True)
        free = without_secrets(os.environ)
        ran = tools.run(argv, cwd=TOOLKIT, check=False, echo=False, timeout=CHECK_SECONDS, inherited=free)
        return sandbox.refusal(ran.answer) if ran.code == sandbox.MISUSED else ""

    with ThreadPoolExecutor(max(1, len(every))) as pool:
        for sentence in pool.map(refusal, every):
            if sentence:
                raise Misused(sentence, remedy=_instead(app, instead))


def _instead(app: App, instead: dict[str, str]) -> str:
    runs = "the sandbox runs Python apps, without a container engine"
    if not instead:
        return (
            f'{runs}: add a cluster to apps.toml with builder = "docker", or another of those that it names'
        )
    name, made_by = next(iter(instead.items()))
    return f"{runs}; make pipeline APP={app.name} CLUSTER={name} has it built with {made_by}"
