"""Variables of the caller that change what a Python or its pip does: ours are not to be changed."""

from __future__ import annotations

from collections.abc import MutableMapping

NOT_OURS = (
    "PYTEST_ADDOPTS",
    "PYTEST_PLUGINS",
    "PIP_USER",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_REQUIRE_VIRTUALENV",
    "PIP_NO_DEPS",
    "PYTHONSAFEPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHONOPTIMIZE",
    "PYTHONINSPECT",
    "COVERAGE_FILE",
    "COVERAGE_RCFILE",
    "COVERAGE_PROCESS_START",
)
"""Meant for the caller's own shell. What says where packages come from (PIP_INDEX_URL, PIP_CERT) stays. The
Makefile has the same list."""


def forget(environment: MutableMapping[str, str]) -> None:
    """Take them out: neither the stage nor what it starts sees them."""
    for name in NOT_OURS:
        environment.pop(name, None)
