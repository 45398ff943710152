"""What a value of apps.toml may name in place of itself: an environment variable, a key of a Secret."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from toolkit.base.redaction import Secret


class Where(NamedTuple):
    """What a credential may be for: a space, the namespace in it, the app that is meant there."""

    space: str = ""
    namespace: str = ""
    app: str = ""

    @classmethod
    def of(cls, where: Where | str, namespace: str = "") -> Where:
        """A space by its name, with a namespace in it, or what says all of it already."""
        return cls(where, namespace) if isinstance(where, str) else where


NOWHERE = Where()
PLACEHOLDERS = ("{SPACE}", "{NAMESPACE}", "{APP}")
"""What a variable's name may have in it: the words of a Where, as TEST_DEV for test-dev."""


class Ref(NamedTuple):
    """The name of an environment variable; one of PLACEHOLDERS in it stands for what a credential is for."""

    env: str

    @property
    def varies(self) -> bool:
        """Whether there is a variable for each of several spaces, namespaces or apps."""
        return any(placeholder in self.env for placeholder in PLACEHOLDERS)

    def name(self, where: Where | str = NOWHERE) -> str:
        """The variable's name: EKS_TOKEN_TEST_DEV for EKS_TOKEN_{SPACE}."""
        name = self.env
        for placeholder, word in zip(PLACEHOLDERS, Where.of(where), strict=True):
            name = name.replace(placeholder, word.upper().replace("-", "_"))
        return name

    def text(self, where: Where | str = NOWHERE, environ: Mapping[str, str] | None = None) -> str:
        """What the variable holds, for a value that may be shown (an address); "" when it is unset."""
        return (os.environ if environ is None else environ).get(self.name(where), "")

    def read(self, where: Where | str = NOWHERE, environ: Mapping[str, str] | None = None) -> Secret | None:
        """What the variable holds, as a secret; None when it is unset or empty."""
        value = self.text(where, environ)
        return Secret(value) if value else None


def address(value: Ref | str | None, environ: Mapping[str, str] | None = None) -> str:
    """What may be shown and is written down, or in a variable; "" when it is neither."""
    return value.text(environ=environ) if isinstance(value, Ref) else value or ""


class SecretKey(NamedTuple):
    """One key of a Secret, in the app's own namespace or in another one; {space} stands for the space."""

    secret: str
    key: str
    namespace: str | None = None
