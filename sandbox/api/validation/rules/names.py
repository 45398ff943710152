"""Names, label keys and values, ports: k8s.io/apimachinery/pkg/util/validation. Each answers with what is
wrong, if anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

Check = Callable[[str], Iterator[str]]

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_DNS_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_PERCENT = "[0-9]+%"
_ENDS = "must start and end with an alphanumeric character"


def _explained(what: str, pattern: str, *examples: str) -> str:
    told = ",  or ".join(f"'{example}'" for example in examples)
    return f"{what} (e.g. {told}, regex used for validation is '{pattern}')"


_LABEL_WHY = _explained(
    f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and {_ENDS}",
    _LABEL,
    "my-name",
    "123-abc",
)
_SUBDOMAIN_WHY = _explained(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    f"and {_ENDS}",
    _SUBDOMAIN,
    "example.com",
)
_DNS_1035_WHY = _explained(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character",
    _DNS_1035,
    "my-name",
    "abc-123",
)
_QUALIFIED_WHY = _explained(
    f"must consist of alphanumeric characters, '-', '_' or '.', and {_ENDS}",
    _QUALIFIED,
    "MyName",
    "my.name",
    "123-abc",
)
_LABEL_VALUE_WHY = _explained(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    f"and {_ENDS}",
    _LABEL_VALUE,
    "MyValue",
    "my_value",
    "12345",
)
_CONFIG_KEY_WHY = _explained(
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    _CONFIG_KEY,
    "key.name",
    "KEY_NAME",
    "key-name",
)


def _check(value: str, pattern: str, why: str, limit: int) -> Iterator[str]:
    if len(value) > limit:
        yield f"must be no more than {limit} characters"
    if not re.fullmatch(pattern, value):
        yield why


def label(value: str) -> Iterator[str]:
    """A DNS-1123 label: containers, volumes, namespaces."""
    return _check(value, _LABEL, _LABEL_WHY, 63)


def subdomain(value: str) -> Iterator[str]:
    """A DNS-1123 subdomain: most objects."""
    return _check(value, _SUBDOMAIN, _SUBDOMAIN_WHY, 253)


def dns_1035(value: str) -> Iterator[str]:
    """A DNS-1035 label: Services."""
    return _check(value, _DNS_1035, _DNS_1035_WHY, 63)


def path_segment(value: str) -> Iterator[str]:
    """Anything that fits between two slashes of a URL: roles and their bindings."""
    if value in (".", ".."):
        yield f"may not be '{value}'"
    for character in "/%":
        if character in value:
            yield f"may not contain '{character}'"


def qualified(value: str) -> Iterator[str]:
    """A label or annotation key: [prefix/]name."""
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        optional = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        yield f"a qualified name {_QUALIFIED_WHY} {optional}"
        return
    if slash and not prefix:
        yield "prefix part must be non-empty"
    elif slash:
        yield from (f"prefix part {why}" for why in subdomain(prefix))
    if not name:
        yield "name part must be non-empty"
    elif len(name) > 63:
        yield "name part must be no more than 63 characters"
    if not re.fullmatch(_QUALIFIED, name):
        yield f"name part {_QUALIFIED_WHY}"


def label_value(value: str) -> Iterator[str]:
    """A label's value, which may be empty."""
    return _check(value, _LABEL_VALUE, _LABEL_VALUE_WHY, 63)


def config_key(value: str) -> Iterator[str]:
    """A key of a ConfigMap or a Secret: a file name."""
    yield from _check(value, _CONFIG_KEY, _CONFIG_KEY_WHY, 253)
    if value in (".", ".."):
        yield f"must not be '{value}'"
    elif value.startswith(".."):
        yield "must not start with '..'"


def environment_name(value: str) -> Iterator[str]:
    """The name of an environment variable."""
    if not value.isascii() or not value.isprintable() or "=" in value:
        yield (
            "a valid environment variable name must consist only of printable ASCII characters other than '='"
        )


def port_name(value: str) -> Iterator[str]:
    """An IANA service name, as ports of containers have."""
    if len(value) > 15:
        yield "must be no more than 15 characters"
    if not re.fullmatch("[-a-z0-9]+", value):
        yield "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
    if not re.search("[a-z]", value):
        yield "must contain at least one letter (a-z)"
    if "--" in value:
        yield "must not contain consecutive hyphens"
    if value.startswith("-") or value.endswith("-"):
        yield "must not begin or end with a hyphen"


def port_number(value: int) -> Iterator[str]:
    """A TCP, UDP or SCTP port."""
    if not 1 <= value <= 65535:
        yield "must be between 1 and 65535, inclusive"


def percent(value: str) -> Iterator[str]:
    """A share of pods: "25%"."""
    if not re.fullmatch(_PERCENT, value):
        yield (
            "a valid percent string must be a numeric string followed by an ending '%' "
            f"(e.g. '1%',  or '93%', regex used for validation is '{_PERCENT}')"
        )
