"""What an app's repository gets: pipeline.toml, first objects, and Makefile.pipeline. Nothing is replaced."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from form_builder_pipeline import makefile as made
from form_builder_pipeline.places import PACKAGE
from form_builder_pipeline.words import Misused

FILES = PACKAGE / "files"
MAKEFILE = "Makefile.pipeline"
INCLUDE = f"include {MAKEFILE}"
PORT = 3000
_UNFIT = re.compile(r"[^a-z0-9]+")


def init(given: Sequence[str]) -> int:
    """Write pipeline.toml for the app that is here, deploy/app.yaml unless there is one, and make's file."""
    here = Path.cwd()
    name = _name(given, here)
    for file in ("pipeline.toml", "apps.toml"):
        if (here / file).exists():
            raise Misused(f"there is {file} here, which is not replaced", "edit it, or remove it first")
    _ours(here)
    app = _filled("pipeline.toml", here, name)
    _write(here / "pipeline.toml", app, f"the configuration of {name}, which is its own manual")
    if not (here / "deploy").exists():
        (here / "deploy").mkdir()
        _write(here / "deploy" / "app.yaml", _filled("app.yaml", here, name), "its Deployment and Service")
    makefile([])
    if not (here / "Dockerfile").is_file():
        print("There is no Dockerfile yet: it says how the image is built, and its EXPOSE names the port")
    print(f"Look at pipeline.toml, commit, then: pipeline run {name}")
    return 0


def makefile(given: Sequence[str]) -> int:
    """Write or renew Makefile.pipeline, and say the line that includes it."""
    if given:
        raise Misused(f'makefile: "{given[0]}" is nothing that it takes', "pipeline makefile")
    here = Path.cwd()
    _ours(here)
    _write(here / MAKEFILE, made.text(), "the same as targets: make pipeline, make pipeline-help")
    own = here / "Makefile"
    if not own.is_file():
        _write(own, f"{INCLUDE}\n", "includes it")
    elif INCLUDE not in own.read_text(encoding="utf-8", errors="replace"):
        print(f"Put this line into Makefile: {INCLUDE}")
    return 0


def _ours(here: Path) -> None:
    file = here / MAKEFILE
    if file.exists() and not file.read_text(encoding="utf-8", errors="replace").startswith(made.FIRST):
        raise Misused(f"there is a {MAKEFILE} here that is somebody else's", "move it, then the same again")


def _name(given: Sequence[str], here: Path) -> str:
    if len(given) > 1 or (given[:1] and given[0].startswith("-")):
        raise Misused(f'init: "{given[-1]}" is nothing that it takes', "pipeline init [NAME]")
    name = given[0] if given else _UNFIT.sub("-", here.name.lower()).strip("-")
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", name):
        raise Misused(
            f'"{name}" cannot be the name of an app: lower-case letters, digits and hyphens, at most 40',
            "name it: pipeline init NAME",
        )
    return name


def _filled(file: str, here: Path, name: str) -> str:
    """A file of files/ with the app's name and port.

    A line "?<path> ..." is a comment unless there is that path, one with "!" unless there is not.
    """
    port = PORT
    if (here / "Dockerfile").is_file():
        text = (here / "Dockerfile").read_text(encoding="utf-8", errors="replace")
        if exposed := re.search(r"^\s*EXPOSE\s+([0-9]+)", text, re.MULTILINE | re.IGNORECASE):
            port = int(exposed[1])
    lines = []
    for line in (FILES / file).read_text(encoding="utf-8").splitlines():
        if line[:1] not in ("?", "!"):
            lines.append(line)
            continue
        path, _, rest = line[1:].partition(" ")
        wanted = (here / path).exists() == line.startswith("?")
        lines.append(rest if wanted else f"#{rest}")
    return "\n".join(lines).replace("NAME", name).replace("PORT", str(port)) + "\n"


def _write(file: Path, text: str, what: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Misused(f"{file} cannot be written: {error.strerror}") from None
    print(f"wrote {file.relative_to(Path.cwd())}: {what}")
