"""apps.<name>.images: what is built for an app, or built elsewhere and named by digest here."""

from __future__ import annotations

import re
from typing import NamedTuple

from toolkit.settings.tables.fields import Fields, word_of
from toolkit.settings.tables.refs import Ref

COMMIT, VERSION, REGISTRY = "{commit}", "{version}", "{registry}"
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9]+)?")
_ARGUMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACEHOLDER = re.compile(r"\{[a-z]+\}")


class Image(NamedTuple):
    """The image of a role. Paths are relative to the app's; what is said of the build means nothing where
    `image` names one that is built elsewhere.

    repository: its name below the registry, "" for fb-<app>-<role>; registry: None for the cluster's; a build
    argument that is a Ref is a secret, and gets to the build as one.
    """

    dockerfile: str = "Dockerfile"
    context: str = ""
    repository: str = ""
    registry: Ref | str | None = None
    build_args: tuple[tuple[str, str | Ref], ...] = ()
    target: str = ""
    platform: str = ""
    image: str = ""

    @property
    def varies(self) -> bool:
        """Whether it is another one for every commit, by what is said of it here."""
        texts = [self.image, *(value for _, value in self.build_args if isinstance(value, str))]
        return any(word in text for text in texts for word in (COMMIT, VERSION))

    @property
    def secrets(self) -> tuple[tuple[str, Ref], ...]:
        """What the build gets that nobody may see: name, and where it is from."""
        return tuple((name, value) for name, value in self.build_args if isinstance(value, Ref))

    @property
    def plain(self) -> tuple[tuple[str, str], ...]:
        """The build arguments that anybody may see."""
        return tuple((name, value) for name, value in self.build_args if isinstance(value, str))

    def filled(self, text: str, commit: str, version: str) -> str:
        """A text of it with the commit and the version in it."""
        return text.replace(COMMIT, commit).replace(VERSION, version)


def images(fields: Fields, key: str) -> dict[str, Image]:
    """Roles to images: a text is the path of a Dockerfile, a table says more."""
    return {
        role: _image(fields, f"{key}.{role}", value) for role, value in fields.take(key, dict, {}).items()
    }


def _image(fields: Fields, key: str, value: object) -> Image:
    if isinstance(value, str):
        return Image(value)
    if not isinstance(value, dict):
        raise fields.error(key, f"must be the path of a Dockerfile, or a table, not {word_of(value)}")
    inner = Fields(fields.origin, fields.path(key), value)
    if inner.has("image"):
        return _elsewhere(inner)
    found = Image(
        dockerfile=inner.take("dockerfile", str, "Dockerfile"),
        context=inner.take("context", str, ""),
        repository=inner.take("repository", str, ""),
        registry=inner.ref_or_text("registry"),
        build_args=_arguments(inner, "build_args"),
        target=inner.take("target", str, ""),
        platform=inner.take("platform", str, ""),
    )
    inner.done()
    _require_one(inner, "registry", found.registry)
    if found.repository and not _REPOSITORY.fullmatch(found.repository):
        raise inner.error("repository", f'"{found.repository}" cannot be the name of a repository: {_RULE}')
    if found.platform and not _PLATFORM.fullmatch(found.platform):
        raise inner.error("platform", f'"{found.platform}" is not a platform, such as "linux/amd64"')
    return found


_RULE = "lower-case letters and digits, separated by . _ - or /, without registry, tag or digest"


def _elsewhere(inner: Fields) -> Image:
    found = Image(image=inner.take("image", str), registry=inner.ref_or_text("registry"))
    for key in ("dockerfile", "context", "repository", "build_args", "target", "platform"):
        if inner.has(key):
            raise inner.error(key, "is for an image that is built here, and `image` names one that is not")
    inner.done()
    _require_one(inner, "registry", found.registry)
    _known(inner, "image", found.image, (COMMIT, VERSION, REGISTRY))
    if not found.image or any(letter.isspace() for letter in found.image):
        raise inner.error("image", f'"{found.image}" does not name an image')
    if found.registry is not None and REGISTRY not in found.image:
        raise inner.error("registry", "is what {registry} in `image` stands for, and is not in it")
    return found


def _arguments(inner: Fields, key: str) -> tuple[tuple[str, str | Ref], ...]:
    table = Fields(inner.origin, inner.path(key), inner.take(key, dict, {}))
    found: list[tuple[str, str | Ref]] = []
    for name in table.left():
        if not _ARGUMENT.fullmatch(name):
            raise table.error(name, "cannot be the name of a build argument")
        value = table.ref_or_text(name)
        if isinstance(value, str):
            _known(table, name, value, (COMMIT, VERSION))
        _require_one(table, name, value)
        if value is not None:
            found.append((name, value))
    return tuple(found)


def _require_one(fields: Fields, key: str, value: Ref | str | None) -> None:
    """Raises Misused for a variable that is another one in each space: the image is the same in all."""
    if isinstance(value, Ref) and value.varies:
        raise fields.error(
            key, f"{value.env} is a variable for each of several places, and an image has none"
        )


def _known(fields: Fields, key: str, text: str, known: tuple[str, ...]) -> None:
    """Raises Misused for a word in braces that nothing stands for."""
    for word in _PLACEHOLDER.findall(text):
        if word not in known:
            raise fields.error(key, f"{word} stands for nothing here; known are {', '.join(known)}")
