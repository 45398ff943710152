"""RUN pip install: a layer of packages, keyed by what goes in, installed by pip into the image's
environment."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from sandbox.images.building import base
from sandbox.images.recipes.errors import BuildError
from sandbox.images.recipes.recipe import Pip

FILE_OPTIONS = ("-r", "--requirement", "-c", "--constraint")
VALUE_OPTIONS = (
    "-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--trusted-host", "--platform",
    "--python-version",
    "--implementation", "--abi", "--progress-bar", "--timeout", "--retries", "--only-binary", "--no-binary",
    "--upgrade-strategy", "--config-settings", "-C", "--global-option", "--src", "--cache-dir", "--proxy",
    "--cert",
)  # fmt: skip


def key(step: Pip, parent: str, rootfs: Path, tree: str) -> str:
    """The layer's name: the commands, every requirements file they read, and what they are installed on.

    ``parent`` is the key of the packages below; ``tree`` a hash of everything copied so far, which counts
    only when a command installs from the tree itself (``pip install .``).
    """
    inputs: list[object] = [parent, step.commands, [pair for pair in step.env if pair[0].startswith("PIP_")]]
    for command in step.commands:
        files, others = _split(command)
        inputs.append([_read(step, rootfs, name) for name in files])
        if any(_is_local(name) for name in others):
            inputs.append(tree)
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()


def _split(command: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """(requirement and constraint files, packages) of one pip install."""
    files, others, words = [], [], iter(command)
    for word in words:
        option, equals, value = word.partition("=")
        if option in FILE_OPTIONS:
            files.append(value if equals else next(words, ""))
        elif word[:2] in ("-r", "-c") and len(word) > 2 and not word.startswith("--"):
            files.append(word[2:])
        elif option in VALUE_OPTIONS:
            if not equals:
                next(words, "")
        elif not word.startswith("-"):
            others.append(word)
    return files, others


def _is_local(name: str) -> bool:
    return (
        name.startswith((".", "/", "file:"))
        or "/" in name.split("@")[0]
        or name.endswith((".whl", ".gz", ".zip"))
    )


def _read(step: Pip, rootfs: Path, name: str) -> list[str]:
    """The text of a requirements file and of those it includes."""
    path = _inside(step, rootfs, name)
    if not path.is_file():
        raise step.at.refuse(f"{name}: not in the image at this point; COPY it before RUN pip install")
    text = path.read_text(errors="replace")
    nested = re.findall(r"^\s*(?:-r|-c|--requirement|--constraint)[ =]?\s*(\S+)", text, re.MULTILINE)
    found = [text]
    for inner in nested:
        relative = os.path.relpath(path.parent / inner, rootfs)
        found += _read(step, rootfs, "/" + relative)
    return found


def _inside(step: Pip, rootfs: Path, name: str) -> Path:
    path = rootfs / (name if name.startswith("/") else f"{step.workdir}/{name}").lstrip("/")
    if not path.resolve().is_relative_to(rootfs.resolve()):
        raise step.at.refuse(f"{name}: outside the image")
    return path


def install(step: Pip, usr: Path, rootfs: Path, say: Callable[[str], None]) -> None:
    """Run the step's commands against the environment below ``usr``; relative files are below ``rootfs``.

    Raises BuildError with pip's own last words when it fails.
    """
    python = base.python_of(usr)
    env = base.clean_environment() | dict(step.env)
    env |= {
        "PATH": f"{python.parent}:{os.environ.get('PATH', os.defpath)}",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    for command in step.commands:
        argv = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-compile", "--no-input"]
        argv += [_rooted(step, rootfs, word) for word in command]
        say("$ pip install " + " ".join(command))
        _run(step, argv, env, rootfs / step.workdir.lstrip("/"))
    portable_scripts(usr)
    compile_all(usr / "local" / "lib", "unchecked-hash")


def _rooted(step: Pip, rootfs: Path, word: str) -> str:
    """A word of the command with an absolute path of the image turned into one of this machine."""
    option, equals, value = word.partition("=")
    path = value if equals and option.startswith("--") else word
    if path.startswith("/") and (rootfs / path.lstrip("/")).exists():
        return word.replace(path, str(_inside(step, rootfs, path)), 1)
    return word


def _run(step: Pip, argv: list[str], env: dict[str, str], cwd: Path) -> None:
    # pip gets a session of its own, so that an interrupted build can end it together with what it started
    process = subprocess.Popen(
        argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", start_new_session=True,
    )  # fmt: skip
    try:
        output, _ = process.communicate()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if process.returncode != 0:
        wrong = [line.strip() for line in output.splitlines() if line.strip()]
        told = [line for line in wrong if line.startswith("ERROR")] or wrong[-5:]
        text = "; ".join(told)
        raise BuildError(f"{step.at.file}:{step.at.line}: pip install failed: {text}", misused=False)


def portable_scripts(usr: Path) -> None:
    """Make the installed scripts find Python through PATH instead of the directory the image was built in."""
    for script in (usr / "local" / "bin").iterdir():
        if script.is_symlink() or not script.is_file():
            continue
        content = script.read_bytes()
        line, newline, rest = content.partition(b"\n")
        if not line.startswith(b"#!") or not (b"python" in line or b"/bin/sh" in line):
            continue
        if line == b"#!/bin/sh" and rest.startswith(b"'''exec' "):  # pip's form for long paths and spaces
            rest = rest.split(b"\n", 2)[2]
        elif b"python" not in line:
            continue
        mode = script.stat().st_mode
        script.unlink()  # the file may share its inode with the layer below
        script.write_bytes(b"#!/usr/bin/env python3" + newline + rest)
        script.chmod(mode)


def compile_all(directory: Path, mode: str) -> None:
    """Byte-compile a tree so that containers start quickly; ``mode`` is compileall's --invalidation-mode.

    A file that does not compile is left to fail where it is imported, as in any image.
    """
    argv: Iterable[str] = (
        "-m",
        "compileall",
        "-q",
        "-q",
        "-j",
        "2",
        "--invalidation-mode",
        mode,
        str(directory),
    )
    subprocess.run(
        [str(base.interpreter()), "-I", *argv], check=False, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
