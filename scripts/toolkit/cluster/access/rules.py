"""RBAC rules as data: whether they allow something, and whether some cover others. Pure.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Rule = Mapping[str, Any]
EVERYTHING = "*"


class Deed(NamedTuple):
    """One thing that somebody may do: a verb on a resource ("pods/log") of an API group; name: on this object
    only. path stands alone, for an address that is no resource."""

    verb: str
    group: str = ""
    resource: str = ""
    name: str = ""
    path: str = ""


def deeds(rules: Iterable[Rule]) -> Iterator[Deed]:
    """Everything that rules allow, one by one; "*" is taken as a word."""
    for rule in rules:
        for verb in _words(rule, "verbs"):
            yield from (Deed(verb, path=path) for path in _words(rule, "nonResourceURLs"))
            for group in _words(rule, "apiGroups"):
                for resource in _words(rule, "resources"):
                    for name in _words(rule, "resourceNames") or [""]:
                        yield Deed(verb, group, resource, name)


def allows(rules: Iterable[Rule], deed: Deed) -> bool:
    """Whether one of the rules allows it."""
    return any(_covers(rule, deed) for rule in rules)


def beyond(own: Sequence[Rule], wanted: Iterable[Rule]) -> list[Deed]:
    """What the wanted rules allow and one's own do not; the API server lets nobody grant that."""
    return [deed for deed in deeds(wanted) if not allows(own, deed)]


def _covers(rule: Rule, deed: Deed) -> bool:
    if not _has(_words(rule, "verbs"), deed.verb):
        return False
    if deed.path:
        return any(_path_covers(each, deed.path) for each in _words(rule, "nonResourceURLs"))
    if not _has(_words(rule, "apiGroups"), deed.group):
        return False
    _, _, sub = deed.resource.partition("/")
    resources = _words(rule, "resources")
    if not _has(resources, deed.resource) and not (sub and f"*/{sub}" in resources):
        return False
    names = _words(rule, "resourceNames")
    return not names or deed.name in names


def _path_covers(pattern: str, path: str) -> bool:
    return pattern in (EVERYTHING, path) or (pattern.endswith("*") and path.startswith(pattern[:-1]))


def _has(words: Sequence[str], word: str) -> bool:
    return EVERYTHING in words or word in words


def _words(rule: Rule, field: str) -> list[str]:
    words = rule.get(field)
    return [str(each) for each in words] if isinstance(words, list | tuple) else []
