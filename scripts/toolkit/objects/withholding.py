"""What an API server says about a Secret, without what is in it: it quotes what it refuses.

Only sentences that are known to quote nothing pass; of all else remains where it is and of what sort it is.
Admission webhooks say what they like, so nothing of theirs passes.
"""

from __future__ import annotations

import json
import re
from typing import Any

from toolkit.objects.fields import mapping, objects, text

WITHHELD = "the rest is withheld: it may quote the Secret"

# Permission, quota, absence, conflicts: they name objects, fields, users and managers, no values.
_PLAIN = re.compile(
    r'secrets?(?:\.\S+)? (?:"[^"]*" )?is forbidden: (?:User |exceeded quota: |failed quota: )[^\n]*'
    r"|(?:secrets|namespaces) \"[^\"]*\" (?:already exists|not found)"
    r"|Operation cannot be fulfilled on secrets [^\n]*|Unauthorized"
    r'|Apply failed with \d+ conflicts?: (?:conflicts? with "[^"]*"[^\n]*|[^"]*)',
    re.DOTALL,
)
# What comes first and may be kept, when the rest quotes.
_BEGINS = re.compile(
    r"(?:Secret in version \S+ cannot be handled as a Secret: )"
    r"(?:illegal base64 data at input byte \d+"
    r"|json: cannot unmarshal \w+ into Go struct field [\w.]+ of type [\w\[\].]+"
    r'|strict decoding error: unknown field "[\w.\[\]-]+")'
    r"|failed to create typed \w+ object \([^)]*\): (?:errors:\s*)?[.\w\[\]/-]+: "
    r"(?:expected \w+(?=, got)|field not declared in schema)"
)
_CAUSE = re.compile(
    r'(?P<sort>(?:Invalid|Unsupported|Duplicate) value|Not found): "(?:[^"\\]|\\.)*"(?P<detail>: [^"]*)?'
    r"|(?:Required value|Too long|Forbidden)[^\"]*"
)


def about_secret(path: str, body: Any) -> bool:
    """Whether a request is about Secrets: by its path, or by what it sends."""
    return mapping(body).get("kind") == "Secret" or "/secrets" in path.split("?")[0]


def without_values(payload: bytes) -> bytes:
    """An answer with an error status about a Secret, as one that quotes nothing of it."""
    try:
        body = mapping(json.loads(payload or b"{}"))
    except ValueError:
        body = {}
    causes = objects(body, "details", "causes")
    fields = [f"{text(cause, 'field')}: {_cause(text(cause, 'message'))}" for cause in causes]
    said = text(body, "message")
    if _PLAIN.fullmatch(said):
        words = said
    elif fields:
        words = f'Secret "{text(body, "details", "name")}" is invalid: {", ".join(fields)}'
    else:
        found = _BEGINS.match(said)
        words = f"{found[0]} ({WITHHELD})" if found else f"{text(body, 'reason') or 'refused'} ({WITHHELD})"
    safe = [
        {
            "field": text(cause, "field"),
            "reason": text(cause, "reason"),
            "message": _cause(text(cause, "message")),
        }
        for cause in causes
    ]
    details = {**mapping(body, "details"), **({"causes": safe} if causes else {})}
    return json.dumps({**body, "message": words, "details": details}).encode()


def _cause(said: str) -> str:
    if said.startswith("conflict with "):
        return said
    found = _CAUSE.fullmatch(said)
    if found is None:
        return f"refused ({WITHHELD})"
    return f"{found['sort']}: ***{found['detail'] or ''}" if found["sort"] else said
