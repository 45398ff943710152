"""The working copy that a drill breaks: the small platform of drills/, with one change at a time."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from toolkit.base.outcome import Misused
from toolkit.ci.origin import Source
from toolkit.drills.cases import Change
from toolkit.drills.grounds.ground import Ground

SPACES = 'spaces = ["drill"]'
APP = "drilled"
NOTE = "CHANGE"
GOOD = Change()


class Workshop:
    """A copy of drills/ in `folder`, on `ground`; its only environment has the space `space`."""

    def __init__(self, origin: Path, folder: Path, space: str, ground: Ground) -> None:
        self.origin, self.folder, self.space, self.ground = origin, folder, space, ground
        self.config = folder / "apps.toml"
        self._manifest = folder / "app" / "deploy" / "app.yaml"
        self._program = folder / "app" / "app.py"

    def set_up(self, venvs: Path) -> None:
        """Make it; interpreters are shared with the repository's own. Raises Misused without drills/."""
        try:
            shutil.copytree(
                self.origin, self.folder, ignore=shutil.ignore_patterns(".pipeline", "__pycache__")
            )
            text = self.config.read_text(encoding="utf-8")
        except OSError as error:
            raise Misused(f"{self.origin}: cannot be copied: {error}") from None
        if text.count(SPACES) != 1:
            raise Misused(f"{self.origin / 'apps.toml'}: must hold the line {SPACES} once")
        text = self.ground.configuration(text.replace(SPACES, f'spaces = ["{self.space}"]'))
        self.config.write_text(text, encoding="utf-8")
        venvs.mkdir(parents=True, exist_ok=True)
        (self.folder / ".pipeline").mkdir()
        (self.folder / ".pipeline" / "venvs").symlink_to(venvs.resolve())

    def lay_out(self, change: Change, note: str, words: Mapping[str, str]) -> Source:
        """Make this one change to the good version, placeholders filled in; where it comes from, as git would
        say: the commit is a hash of all files, so that the same change has the same version."""
        filled = _filled(change, words)
        base = (self.origin / "app" / "deploy" / "app.yaml").read_text(encoding="utf-8")
        self._manifest.write_text(changed(base, filled), encoding="utf-8")
        program = (self.origin / "app" / "app.py").read_text(encoding="utf-8")
        self._program.write_text(f"{program}{filled.source}\n" if filled.source else program, "utf-8")
        (self.folder / "app" / NOTE).write_text(f"{note}\n", encoding="utf-8")
        digest = hashlib.sha1(usedforsecurity=False)
        for file in sorted((self.folder / "app").rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(self.folder)}\0".encode() + file.read_bytes())
        return Source("drill", "main", digest.hexdigest(), "a drill", "", False)


def changed(manifest: str, change: Change) -> str:
    """The app's manifest (its Deployment first) with a change merged in, field by field."""
    documents = [each for each in yaml.safe_load_all(manifest) if each]
    deployment = documents[0]
    deployment["spec"] = merged(deployment["spec"], _read(change.deployment))
    pod = deployment["spec"]["template"]["spec"]
    container = merged(pod["containers"][0], _read(change.container))
    env = [{"name": name, "value": value} for name, value in change.env.items()]
    pod["containers"][0] = merged(container, {"env": env}) if env else container
    deployment["spec"]["template"]["spec"] = merged(pod, _read(change.pod))
    documents += [each for each in yaml.safe_load_all(change.objects) if each]
    return yaml.safe_dump_all(documents, sort_keys=False, width=10_000, allow_unicode=True)


def merged(base: Any, change: Any) -> Any:
    """Tables field by field, lists of named things by name, as kubectl patch does; the rest is replaced."""
    if isinstance(base, dict) and isinstance(change, dict):
        return {**base, **{key: merged(base.get(key), value) for key, value in change.items()}}
    if _are_named(base) and _are_named(change):
        new = {each["name"]: each for each in change}
        kept = [merged(each, new.pop(each["name"], {})) for each in base]
        return [*kept, *new.values()]
    return change


def _are_named(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) and "name" in each for each in value)


def _read(text: str) -> Any:
    return yaml.safe_load(text) if text else {}


def mentions(change: Change, word: str) -> bool:
    """Whether a change has that placeholder anywhere, by its first letters."""
    texts = [*change.env.values(), change.container, change.pod, change.deployment, change.objects]
    texts += [action.what for action in (*change.before, *change.during)]
    return any(f"{{{word}" in each for each in texts)


def _filled(change: Change, words: Mapping[str, str]) -> Change:
    return change._replace(
        env={key: fill(value, words) for key, value in change.env.items()},
        container=fill(change.container, words),
        pod=fill(change.pod, words),
        deployment=fill(change.deployment, words),
        objects=fill(change.objects, words),
    )


def fill(text: str, words: Mapping[str, str]) -> str:
    """The text with {placeholders} filled in; braces of YAML and Jinja are left as they are."""
    for word, value in words.items():
        text = text.replace(f"{{{word}}}", value)
    return text


def as_environment(source: Source) -> str:
    """The source as the engine hands it to its stages."""
    return json.dumps(source._asdict())
