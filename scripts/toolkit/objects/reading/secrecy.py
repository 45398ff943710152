"""What may be a Secret, and what is said of a mistake in it: where it is, nothing that is written there."""

from __future__ import annotations

import re

WITHHELD = "what is written there is withheld: it may belong to a Secret"

# Kinds that carry secrets: Secret, SecretList, SealedSecret. Not secretKeyRef, imagePullSecrets.
_SECRET = re.compile(r"\b\w*Secret(?:List)?\b")
_KIND = re.compile(r"""(?<![\w.-])["']?kind["']?\s*:""")
_BETWEEN = re.compile(r"---(?:\s|$)")
_QUOTED = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`""")


def may_be_secret(text: str) -> bool:
    """Whether a document, or a template, may be a Secret: it says so, or does not say what it is."""
    return bool(_SECRET.search(text)) or not _KIND.search(text)


def document_at(text: str, line: int) -> str:
    """The document of a text in which a line (from 1) stands, as it is written."""
    lines = text.splitlines()
    start = end = min(max(line - 1, 0), len(lines))
    while start > 0 and not (start < len(lines) and _BETWEEN.match(lines[start])):
        start -= 1
    while end < len(lines) and not (end > start and _BETWEEN.match(lines[end])):
        end += 1
    return "\n".join(lines[start:end])


def without_quotes(words: str) -> str:
    """A sentence without what it quotes."""
    return _QUOTED.sub("'***'", words)
