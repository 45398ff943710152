"""Instructions to a recipe: variables replaced, paths made absolute, pip commands taken apart. Pure."""

from __future__ import annotations

import posixpath
import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sandbox.images.recipes import words
from sandbox.images.recipes.dockerfile import Instruction
from sandbox.images.recipes.errors import BuildError

PYTHON_IMAGE = re.compile(
    r"(?:docker\.io/)?(?:library/)?python(?::(?P<tag>[\w.-]+))?(?:@sha256:[0-9a-f]{64})?", re.ASCII
)
PIP = re.compile(r"pip3?(\.\d+)?|python3?(\.\d+)?")
REFUSED_PIP_OPTIONS = (
    "-e",
    "--editable",
    "-t",
    "--target",
    "--prefix",
    "--root",
    "--user",
    "--python",
    "--log",
)


@dataclass(frozen=True)
class Copy:
    """COPY: ``sources`` are patterns relative to the context, ``target`` an absolute path in the image; a
    target that ends in / is a directory. ``mode``: permission bits to set, or None."""

    at: Instruction
    sources: tuple[str, ...]
    target: str
    mode: int | None = None


@dataclass(frozen=True)
class Pip:
    """RUN pip install: the arguments after ``install`` of each command, run in ``workdir`` with ``env``."""

    at: Instruction
    commands: tuple[tuple[str, ...], ...]
    workdir: str
    env: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Workdir:
    """WORKDIR: the directory has to exist in the image."""

    at: Instruction
    path: str


Step = Copy | Pip | Workdir


@dataclass
class Recipe:
    """What to build. ``python`` is the version the Dockerfile asks for ("" is any), ``config`` what the
    manifest says."""

    base: Instruction
    python: str
    steps: list[Step] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    exposed: list[str] = field(default_factory=list)
    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    workdir: str = "/"
    user: str = ""
    stop_signal: str = "SIGTERM"

    def config(self) -> dict[str, object]:
        """The part of the manifest that says how a container of this image starts."""
        return {
            "env": self.env, "labels": self.labels, "exposed": self.exposed, "entrypoint": self.entrypoint,
            "cmd": self.cmd, "workdir": self.workdir, "user": self.user, "stopSignal": self.stop_signal,
        }  # fmt: skip


def read(instructions: tuple[Instruction, ...], build_args: Mapping[str, str], python_version: str) -> Recipe:
    """The recipe of a parsed Dockerfile. ``python_version`` is the version that FROM python:* will stand for.

    Raises BuildError for a base other than python, which decides it whatever else there is; then for the
    first line that cannot be had here; and for build arguments nobody declared.
    """
    before = [one for one in instructions if one.keyword == "ARG"]
    base = next(one for one in instructions if one.keyword == "FROM")
    args: dict[str, str] = {}
    for one in before[: sum(1 for arg in before if arg.line < base.line)]:
        _arg(one, args, build_args, args)
    _require(base)
    recipe = Recipe(base, _python(base, args))
    for one in instructions[: instructions.index(base)]:
        _require(one)
        if one.keyword != "ARG":
            raise one.refuse("only ARG may come before FROM")
    recipe.env = {
        "PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "PYTHON_VERSION": python_version,
    }
    scope: dict[str, str] = {}
    for one in instructions[instructions.index(base) + 1 :]:
        _require(one)
        if one.keyword == "FROM":
            raise one.refuse("the sandbox builds one stage only; merge the stages")
        _READERS[one.keyword](recipe, one, scope, build_args, args)
    declared = {one.text.partition("=")[0].strip() for one in before}
    for name in build_args:
        if name not in declared:
            raise base.refuse(f"build argument {name} is given, but the Dockerfile has no ARG {name}")
    return recipe


def _require(one: Instruction) -> None:
    if one.trouble:
        raise BuildError(one.trouble)


def _python(base: Instruction, args: Mapping[str, str]) -> str:
    named = _split(base, words.expand(base.text, args))
    if len(named) not in (1, 3) or (len(named) == 3 and named[1].upper() != "AS"):
        raise base.refuse("write FROM python:<version>")
    found = PYTHON_IMAGE.fullmatch(named[0])
    if not found:
        raise base.refuse(
            f"{named[0]}: the sandbox builds on python images only, for example python:3.11-slim"
        )
    number = re.match(r"\d+(\.\d+){0,2}", found["tag"] or "")
    return number[0] if number else ""


def _split(one: Instruction, text: str) -> list[str]:
    try:
        return words.split(text)
    except ValueError as error:
        raise one.refuse(str(error).lower()) from error


def _values(one: Instruction, recipe: Recipe, scope: Mapping[str, str]) -> list[str]:
    return _split(one, words.expand(one.text, {**scope, **recipe.env}))


def _arg(
    one: Instruction, scope: dict[str, str], build_args: Mapping[str, str], outer: Mapping[str, str]
) -> None:
    for word in _split(one, words.expand(one.text, scope)):
        name, given, default = word.partition("=")
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise one.refuse(f"{name}: not a name")
        if name in build_args:
            scope[name] = build_args[name]
        elif given:
            scope[name] = default
        elif name in outer:
            scope[name] = outer[name]


def _read_arg(
    _recipe: Recipe,
    one: Instruction,
    scope: dict[str, str],
    given: Mapping[str, str],
    outer: Mapping[str, str],
) -> None:
    _arg(one, scope, given, outer)


def _pairs(one: Instruction, recipe: Recipe, scope: Mapping[str, str]) -> dict[str, str]:
    listed = _values(one, recipe, scope)
    if "=" not in listed[0]:  # the old form: ENV NAME the rest is the value
        name, _, value = words.expand(one.text, {**scope, **recipe.env}).partition(" ")
        if not value.strip():
            raise one.refuse(f"{name}: needs a value")
        return {name: value.strip()}
    pairs = {}
    for word in listed:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise one.refuse(f"{word}: write NAME=value")
        pairs[name] = value
    return pairs


def _read_env(recipe: Recipe, one: Instruction, scope: dict[str, str], *_: Mapping[str, str]) -> None:
    recipe.env |= _pairs(one, recipe, scope)


def _read_label(recipe: Recipe, one: Instruction, scope: dict[str, str], *_: Mapping[str, str]) -> None:
    recipe.labels |= _pairs(one, recipe, scope)


def _read_workdir(recipe: Recipe, one: Instruction, scope: dict[str, str], *_: Mapping[str, str]) -> None:
    path = words.expand(one.text, {**scope, **recipe.env}).strip("\"' ")
    recipe.workdir = _absolute(one, recipe, path).rstrip("/") or "/"
    recipe.steps.append(Workdir(one, recipe.workdir))


def _absolute(one: Instruction, recipe: Recipe, path: str) -> str:
    absolute = posixpath.normpath(posixpath.join(recipe.workdir, path)).replace("//", "/")
    if ".." in path.split("/"):
        raise one.refuse(f"{path}: .. is not supported in a path of the image")
    return absolute + ("/" if path.endswith("/") or path in (".", "./") else "").replace("//", "/")


def _read_copy(recipe: Recipe, one: Instruction, scope: dict[str, str], *_: Mapping[str, str]) -> None:
    known = {**scope, **recipe.env}
    listed = [words.expand(word, known) for word in one.words] if one.words else _values(one, recipe, scope)
    if len(listed) < 2:
        raise one.refuse("needs a source and a destination")
    *sources, target = listed
    if len(sources) > 1 and not target.endswith("/") and target != ".":
        raise one.refuse(f"{target}: with several sources the destination must end in /")
    mode = None
    if "chmod" in one.flags:
        if not re.fullmatch(r"0?[0-7]{3}", one.flags["chmod"]):
            raise one.refuse(f"--chmod={one.flags['chmod']}: write three octal digits")
        mode = int(one.flags["chmod"], 8)
    recipe.steps.append(Copy(one, tuple(sources), _absolute(one, recipe, target), mode))


def _read_run(recipe: Recipe, one: Instruction, scope: dict[str, str], *_: Mapping[str, str]) -> None:
    if "mount" in one.flags and not one.flags["mount"].startswith("type=cache"):
        raise one.refuse("--mount: only type=cache is supported")
    try:
        text = words.expand(one.text, {**scope, **recipe.env})
        lines = [list(one.words)] if one.words else words.commands(text)
    except ValueError as error:
        raise one.refuse(f"{error}: only `pip install` commands, joined by &&, are supported") from error
    env = {**recipe.env, **scope}
    commands = []
    for line in lines:
        while re.match(r"[A-Za-z_]\w*=", line[0]) and len(line) > 1:
            name, value = line.pop(0).split("=", 1)
            env[name] = value
        commands.append(_pip_arguments(one, line))
    recipe.steps.append(Pip(one, tuple(commands), recipe.workdir, tuple(sorted(env.items()))))


def _pip_arguments(one: Instruction, line: list[str]) -> tuple[str, ...]:
    program, rest = posixpath.basename(line[0]), line[1:]
    if program.startswith("python") and rest[:2] == ["-m", "pip"]:
        rest = rest[2:]
    elif program.startswith("python"):
        rest = []
    if not PIP.fullmatch(program) or rest[:1] != ["install"]:
        raise one.refuse(f"{' '.join(line[:3])}: only `pip install` can run here (no container, no root)")
    for word in rest:
        option = word.partition("=")[0]
        if option in REFUSED_PIP_OPTIONS:
            raise one.refuse(f"pip install {option} is not supported by the sandbox")
    return tuple(rest[1:])


def _read_user(recipe: Recipe, one: Instruction, scope: dict[str, str], *_: Mapping[str, str]) -> None:
    recipe.user = " ".join(_values(one, recipe, scope))


def _read_expose(recipe: Recipe, one: Instruction, scope: dict[str, str], *_: Mapping[str, str]) -> None:
    for port in _values(one, recipe, scope):
        if not re.fullmatch(r"\d{1,5}(-\d{1,5})?(/(tcp|udp))?", port):
            raise one.refuse(f"{port}: not a port")
        recipe.exposed.append(port)


def _read_entrypoint(recipe: Recipe, one: Instruction, *_: Mapping[str, str]) -> None:
    recipe.entrypoint, recipe.cmd = _command(one), None  # a new ENTRYPOINT drops the CMD before it, as Docker


def _read_cmd(recipe: Recipe, one: Instruction, *_: Mapping[str, str]) -> None:
    recipe.cmd = _command(one)


def _command(one: Instruction) -> list[str]:
    return list(one.words) if one.words is not None else ["/bin/sh", "-c", one.text]


def _read_stop_signal(recipe: Recipe, one: Instruction, scope: dict[str, str], *_: Mapping[str, str]) -> None:
    recipe.stop_signal = " ".join(_values(one, recipe, scope)).upper()
    known = {name for name in dir(signal) if re.fullmatch(r"SIG[A-Z]+[12]?", name)}
    named = "SIG" + recipe.stop_signal.removeprefix("SIG")
    if named not in known and not re.fullmatch(r"\d{1,2}", recipe.stop_signal):
        raise one.refuse(f"{recipe.stop_signal}: not a signal")


_READERS: dict[str, Callable[..., None]] = {
    "ARG": _read_arg, "ENV": _read_env, "LABEL": _read_label, "WORKDIR": _read_workdir, "COPY": _read_copy,
    "RUN": _read_run, "USER": _read_user, "EXPOSE": _read_expose, "ENTRYPOINT": _read_entrypoint,
    "CMD": _read_cmd, "STOPSIGNAL": _read_stop_signal,
}  # fmt: skip
