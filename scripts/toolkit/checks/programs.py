"""Programs that checks start: how each is got where it is missing, and where an app has its own.

Whoever names a program that is not here is told its name alone. A new one is a row.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from toolkit.base.outcome import Misused
from toolkit.settings.said.words import nearest

HOW_TO_GET = {
    "ruby": "install Ruby: apt-get install ruby-full, or https://www.ruby-lang.org/en/documentation/installation/",
    "bundle": "it comes with Ruby (apt-get install ruby-bundler, or gem install bundler)",
    "gem": "it comes with Ruby: apt-get install ruby-full",
    "rubocop": "add it to the app's Gemfile (group :development), or gem install rubocop",
    "brakeman": "add it to the app's Gemfile (group :development), or gem install brakeman",
    "bundle-audit": "add bundler-audit to the app's Gemfile (:development), or gem install bundler-audit",
    "bundler-audit": "add it to the app's Gemfile (group :development), or gem install bundler-audit",
    "rspec": "add it to the app's Gemfile (group :test), or gem install rspec",
    "node": "install Node.js: apt-get install nodejs, or https://nodejs.org/en/download",
    "npm": "it comes with Node.js: apt-get install npm, or https://nodejs.org/en/download",
    "npx": "it comes with Node.js: apt-get install npm, or https://nodejs.org/en/download",
    "yarn": "npm install --global yarn",
    "eslint": "npm install --save-dev eslint in the app's folder",
    "go": "install Go: apt-get install golang, or https://go.dev/doc/install",
    "gotestsum": "go install gotest.tools/gotestsum@latest",
    "golangci-lint": "see https://golangci-lint.run/docs/welcome/install/",
    "govulncheck": "go install golang.org/x/vuln/cmd/govulncheck@latest",
    "hadolint": "see https://github.com/hadolint/hadolint#install",
    "trivy": "see https://trivy.dev/latest/getting-started/installation/",
    "gitleaks": "see https://github.com/gitleaks/gitleaks#installing (8.19 or newer)",
    "ruff": "pip install ruff; it is beside the toolkit's own Python, where it is looked for first",
    "cargo": "install Rust: https://rustup.rs",
    "mvn": "apt-get install maven",
    "java": "apt-get install default-jdk-headless",
}
"""What to do where a program is missing, by its name."""


BESIDE = Path(sys.executable).parent
"""Where what the toolkit brings along is: looked at before PATH."""


def how_to_get(program: str) -> str:
    """What to do where it is missing."""
    name = Path(program).name
    return HOW_TO_GET.get(name, f"install {name}, and see with `make doctor` that it is found")


def find(program: str, folder: Path | None = None) -> str | None:
    """Where a program is, as commands.located and the system look for it; None where it is nowhere.

    folder: from where a relative path is meant. (`shutil.which` costs a fifth of a lint stage's start.)
    """
    if "/" in program:
        path = (folder or Path()) / program
        return str(path) if _runs(path) else None
    places = [str(BESIDE), *os.environ.get("PATH", os.defpath).split(os.pathsep)]
    return next((str(found) for place in places if place and _runs(found := Path(place, program))), None)


def require(program: str, folder: Path | None = None) -> None:
    """Raises Misused with the program's name and how it is got, where there is none."""
    if find(program, folder) is None:
        near = "" if program in HOW_TO_GET else nearest(program, HOW_TO_GET)
        raise Misused(
            f"{program} is not installed: there is no such program on this machine{near}",
            remedy=how_to_get(program),
        )


def ruby(program: str, gem: str, folder: Path) -> list[str]:
    """How a Ruby program is called: by Bundler, where the app's lockfile has it."""
    try:
        lock = (folder / "Gemfile.lock").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return [program]
    return ["bundle", "exec", program] if f"\n    {gem} (" in lock else [program]


def node(program: str, folder: Path) -> list[str]:
    """How a Node program is called: the app's own, where it has one."""
    own = folder / "node_modules" / ".bin" / program
    return [str(own)] if _runs(own) else [program]


def shown(names: Sequence[str]) -> str:
    """Names for people: a, b and c."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _runs(path: Path) -> bool:
    return os.access(path, os.X_OK) and path.is_file()
