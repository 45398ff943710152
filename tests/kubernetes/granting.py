"""Spaces of a tiny app whose account has what `make role` prints, and nothing more."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from tests.kubernetes.asking import Object
from tests.kubernetes.cluster import Home
from tests.kubernetes.tiny import Tiny

DEPLOYER = "form-builder-deployer"
"""The ServiceAccount that `make role` prints."""


def grant(app: Tiny, spaces: Sequence[str], *words: str) -> list[Object]:
    """Make the namespaces of spaces, apply what is printed for the app, take tokens; what was printed."""
    for space in spaces:
        app.cluster.make_bare_namespace(f"ns-{space}")
        app.homes[space] = Home(f"ns-{space}", "")
    printed = app.run("role", "--app", "tiny", *words)
    assert printed.code == 0, printed.output
    found = list(yaml.safe_load_all(printed.output))
    for obj in found:
        app.cluster.apply(obj)
    for space in spaces:
        app.homes[space] = Home(f"ns-{space}", app.cluster.token(f"ns-{space}", account=DEPLOYER))
    return found
