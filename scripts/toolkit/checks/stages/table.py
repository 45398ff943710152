"""The tools whose own reports are read: a name in apps.toml, and the module that knows it.

A new one is a module with an ADAPTER, its row here, and its name in settings/tables/rows.py. Modules are
loaded when a row asks for them: what a script imports is most of what a small stage costs (`make bench`).
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolkit.checks.adapter import Adapter

MODULES = {
    "ruff": "linters.ruff",
    "rubocop": "linters.rubocop",
    "eslint": "linters.eslint",
    "hadolint": "linters.hadolint",
    "bandit": "security.bandit",
    "safety": "security.safety",
    "brakeman": "security.brakeman",
    "bundler-audit": "security.bundler_audit",
    "npm-audit": "security.npm_audit",
    "trivy": "security.trivy",
    "gitleaks": "security.gitleaks",
}


def adapter(name: str) -> Adapter:
    """The tool of that name, which MODULES has."""
    found: Adapter = import_module(f"toolkit.checks.{MODULES[name]}").ADAPTER
    return found


def named(words: Sequence[str]) -> str:
    """The tool that a row of one word names; "" for a command."""
    return words[0] if len(words) == 1 and words[0] in MODULES else ""
