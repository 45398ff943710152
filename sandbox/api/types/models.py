"""Fields and types of the API's objects, read from the source of the official client's models.

Importing kubernetes.client costs 0.4 s and 60 MB for hundreds of classes of which a server needs two tables
each. Both stand at the head of each model's file as literals.
"""

from __future__ import annotations

import ast
import re
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

_TABLE = re.compile(
    r"^    (openapi_types|attribute_map)(?:: [^=\n]+)? = (\{.*?\n    \})", re.MULTILINE | re.DOTALL
)


@cache
def _folder() -> Path:
    found = find_spec("kubernetes")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("the sandbox needs the package kubernetes, which is in requirements.txt")
    return Path(found.origin).with_name("client") / "models"


@lru_cache(maxsize=2048)
def fields(model: str) -> dict[str, str] | None:
    """Field as in JSON -> type as the client spells it ("List[V1Container]"); None: no such model."""
    path = _folder() / f"{_file_name(model)}.py"
    if not model.isalnum() or not path.is_file():
        return None
    tables = {name: ast.literal_eval(text) for name, text in _TABLE.findall(path.read_text(encoding="utf-8"))}
    spelled = tables.get("attribute_map", {})
    return {spelled[name]: type_ for name, type_ in tables.get("openapi_types", {}).items()} or None


def _file_name(model: str) -> str:
    """V1HTTPGetAction -> v1_http_get_action"""
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", model)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words).lower()
