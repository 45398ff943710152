"""Builds an image: Dockerfile and context in, a named directory out; what has not changed is not done
again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.base import files
from sandbox.images.building import base, pip
from sandbox.images.building.context import Context, Item, fingerprint
from sandbox.images.keeping.references import valid_name
from sandbox.images.keeping.store import Store, digest_of
from sandbox.images.recipes.dockerfile import parse
from sandbox.images.recipes.errors import BuildError
from sandbox.images.recipes.recipe import Copy, Pip, Recipe, Workdir, read

Say = Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """What a build made: ``image`` is sandbox/<name>@<digest>; ``reused``: nothing had to be built."""

    image: str
    digest: str
    reused: bool


def build(
    state: Path, *, name: str, dockerfile: Path, context: Path, tags: tuple[str, ...] = (),
    build_args: Mapping[str, str] | None = None, say: Say = lambda _: None,
) -> Built:  # fmt: skip
    """Build ``name`` in the store below ``state``. Safe to run any number of times at once.

    Raises BuildError; whatever happens, no half-built image or layer stays behind under its name.
    """
    if not valid_name(name):
        raise BuildError(
            f"{name}: an image's name is lower-case letters, digits and separators, without slashes"
        )
    recipe = check(dockerfile, build_args, say)
    store = Store(state)
    plan = _plan(recipe, Context.open(context, dockerfile))
    with _scratch(store.layers) as scratch:
        layers = _layers(recipe, plan, store, scratch, say)
        manifest = {"schema": 1, "base": base.description(), "layers": layers, "config": recipe.config()}
        digest = digest_of(manifest)
        reused = store.has(digest)
        if not reused:
            with files.locked(store.layers / ".locks" / digest.removeprefix("sha256:")):
                reused = store.has(digest)
                if not reused:
                    _assemble(store, digest, manifest, recipe, plan, scratch)
    return Built(store.name(name, digest, tags), digest, reused)


def check(dockerfile: Path, build_args: Mapping[str, str] | None = None, say: Say = lambda _: None) -> Recipe:
    """The recipe of a Dockerfile. Raises BuildError, misused, for one that cannot be built here."""
    if not dockerfile.is_file():
        raise BuildError(f"{dockerfile}: no such Dockerfile")
    instructions = parse(dockerfile.read_text(errors="replace"), str(dockerfile))
    recipe = read(instructions, build_args or {}, base.VERSION)
    if warning := base.check(recipe):
        say(f"warning: {warning}")
    return recipe


def _plan(recipe: Recipe, context: Context) -> dict[int, list[Item]]:
    """The files of each COPY, by the step's position: every missing file is found before anything is
    built."""
    return {at: context.items(step) for at, step in enumerate(recipe.steps) if isinstance(step, Copy)}


def _layers(
    recipe: Recipe, plan: dict[int, list[Item]], store: Store, scratch: Path, say: Say
) -> list[dict[str, str]]:
    """The layers of the manifest, in order; package layers that are missing are built on the way."""
    packages = hashlib.sha256(json.dumps(base.description()).encode()).hexdigest()
    _layer(store, packages, lambda tree: base.create(tree))
    layers = [{"kind": "python", "key": packages}]
    for at, step in enumerate(recipe.steps):
        label = f"[{at + 1}/{len(recipe.steps)}] {step.at.keyword} {step.at.text}"
        if isinstance(step, Copy):
            layers.append({"kind": "copy", "key": fingerprint(plan[at])})
        elif isinstance(step, Workdir):
            layers.append({"kind": "workdir", "key": step.path})
        else:
            rootfs = _copied(recipe, plan, at, scratch)
            tree = json.dumps(layers)
            below, packages = packages, pip.key(step, packages, rootfs, tree)
            if not (store.layers / packages).is_dir():
                say(label)
                _layer(store, packages, _installer(step, store.layers / below, rootfs, say))
            layers.append({"kind": "pip", "key": packages})
    return layers


def _installer(step: Pip, below: Path, rootfs: Path, say: Say) -> Callable[[Path], None]:
    def create(tree: Path) -> None:
        files.link_tree(below, tree)
        pip.install(step, tree, rootfs, say)

    return create


def _copied(recipe: Recipe, plan: dict[int, list[Item]], until: int, scratch: Path) -> Path:
    """The copied files as they are when step ``until`` runs: what pip may read."""
    rootfs = scratch / f"rootfs-{until}"
    _copy(recipe, plan, rootfs, until)
    return rootfs


def _copy(recipe: Recipe, plan: dict[int, list[Item]], rootfs: Path, until: int) -> None:
    rootfs.mkdir(parents=True, exist_ok=True)
    for at, step in enumerate(recipe.steps[:until]):
        if isinstance(step, Workdir):
            (rootfs / step.path.lstrip("/")).mkdir(parents=True, exist_ok=True)
        for item in plan.get(at, ()):
            target = rootfs / item.target.lstrip("/")
            try:
                if item.source.is_dir() and not item.source.is_symlink():
                    target.mkdir(parents=True, exist_ok=True)
                else:
                    files.copy_file(item.source, target, item.mode)
            except OSError as error:
                raise step.at.refuse(f"{item.source}: {error.strerror or error}") from error


def _layer(store: Store, key: str, create: Callable[[Path], None]) -> None:
    """Make the layer ``key`` unless it is there; a concurrent build of the same layer waits instead of doing
    it too."""
    target = store.layers / key
    if target.is_dir():
        return
    with files.locked(store.layers / ".locks" / key):
        for stale in store.layers.glob(f".tmp-{key}-*"):  # left by a build that was killed: we hold its lock
            files.remove_tree(stale)
        if target.is_dir():
            return
        temporary = store.layers / f".tmp-{key}-{os.getpid()}"
        try:
            temporary.mkdir(parents=True)
            create(temporary)
            temporary.rename(target)
        finally:
            files.remove_tree(temporary)


def _assemble(
    store: Store,
    digest: str,
    manifest: dict[str, Any],
    recipe: Recipe,
    plan: dict[int, list[Item]],
    scratch: Path,
) -> None:
    """Put the image together beside its final place and give it its name in one step."""
    image = scratch / "image"
    rootfs = image / "rootfs"
    packages = [layer["key"] for layer in manifest["layers"] if layer["kind"] in ("python", "pip")][-1]
    files.link_tree(store.layers / packages, rootfs / "usr")
    for directory in ("etc", "root", "tmp", "var/tmp", "run"):
        (rootfs / directory).mkdir(parents=True, exist_ok=True)
    _copy(recipe, plan, rootfs, len(recipe.steps))
    for entry in rootfs.iterdir():
        if entry.name != "usr" and entry.is_dir():
            # checked: a container may change its own copy of the code
            _compile(entry)
    (image / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True))
    store.images.mkdir(parents=True, exist_ok=True)
    image.rename(store.path(digest))


def _compile(directory: Path) -> None:
    if next(directory.rglob("*.py"), None) is not None:
        pip.compile_all(directory, "checked-hash")


@contextlib.contextmanager
def _scratch(layers: Path) -> Iterator[Path]:
    """A private directory on the store's file system, gone afterwards."""
    path = layers / f".scratch-{os.getpid()}-{os.urandom(4).hex()}"
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
