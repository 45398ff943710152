"""What a YAML scalar is to kubectl: the rules of sigs.k8s.io/yaml, and the way from YAML through Go to JSON.

Source: kubernetes-sigs/yaml (yaml.go, goyaml.v2/resolve.go) and what kubectl prints; the cases are kept in
tests/pure/cases/yaml. No base 60, dates are text, y and n are booleans, 0777 and 0o777 are octal.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from functools import lru_cache

Scalar = str | int | float | bool | None

TAGS = "tag:yaml.org,2002:"
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
# What begins with anything else is text.
MAYBE = frozenset("yYnNtTfFoO~.+-0123456789")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
# There underscores must stand between digits.
_BEHIND_A_DOT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?", re.ASCII)
_INT64 = 1 << 63


class Unreadable(ValueError):
    """A scalar that kubectl does not take either. The sentence quotes nothing of it."""


@lru_cache(maxsize=4096)
def plain(value: str) -> Scalar:
    """What a scalar without quotes or tag is to Go. A number that is a value goes through `as_json`."""
    if value[:1] not in MAYBE and value:
        return value
    if value in _WORDS:
        return _WORDS[value]
    if value[0] not in ".+-0123456789":
        return value
    digits = value.replace("_", "")
    if value[0] == "." and not _BEHIND_A_DOT.fullmatch(value):
        return value
    if found := _INTEGER.fullmatch(digits):
        number = _integer(found)
        if -_INT64 <= number < 2 * _INT64:
            return number
    if _FLOAT.fullmatch(digits):
        fraction = float(digits)
        return value if math.isinf(fraction) else fraction
    return value


def _integer(found: re.Match[str]) -> int:
    sign, sixteen, two, eight, ten = found.groups()
    for digits, base in ((sixteen, 16), (two, 2), (eight, 8), (ten, 10)):
        if digits is not None:
            return int(f"{sign}{digits}", base)
    raise AssertionError(found)


def as_json(number: float) -> int | float:
    """A number as it is after Go has printed it as JSON and read it again: 1.0 is the integer 1.

    Raises Unreadable for what JSON has no number for.
    """
    if isinstance(number, int) and -_INT64 <= number < _INT64:
        return number
    if not math.isfinite(number):
        raise Unreadable("infinity and NaN are no numbers in JSON: quote it if it is text")
    fits = -_INT64 < number < _INT64
    return int(number) if fits and number == int(number) else float(number)


def tagged(tag: str, value: str) -> Scalar:
    """What a scalar with a tag is (in its long form, or "!" and a word). Raises Unreadable."""
    name = tag.removeprefix(TAGS)
    if name == tag or name not in ("bool", "int", "float", "null", "timestamp", "binary"):
        return value
    if name == "binary":
        try:
            return base64.b64decode("".join(value.split()), validate=True).decode("utf-8", "replace")
        except binascii.Error as error:
            raise Unreadable("!!binary, and it is not base64") from error
    found = plain(value)
    if name == "timestamp":
        return value
    fits = {"bool": bool, "int": int, "float": (int, float), "null": type(None)}[name]
    if not isinstance(found, fits) or (isinstance(found, bool) and name != "bool"):  # type: ignore[arg-type]
        raise Unreadable(f"!!{name}, and it is none")
    return found


def key(found: object) -> str:
    """A mapping's key as text. Raises Unreadable for what kubectl takes for no key."""
    if isinstance(found, str):
        return found
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, int) and found < _INT64:
        return str(found)
    if isinstance(found, float):
        return _short(found)
    what = {type(None): "null", list: "a list", dict: "a mapping"}.get(type(found), "a number beyond 64 bits")
    raise Unreadable(f"a key that is {what}: quote it")


def _short(number: float) -> str:
    """Go's FormatFloat(x, 'g', -1, 32), with YAML's words for what is no number."""
    try:
        near: float = struct.unpack("f", struct.pack("f", number))[0]
    except OverflowError:
        near = math.copysign(math.inf, number)
    if not math.isfinite(near):
        return ".nan" if math.isnan(near) else ".inf" if near > 0 else "-.inf"
    for digits in range(9):
        shown = f"{near:.{digits}e}"
        if struct.unpack("f", struct.pack("f", float(shown)))[0] == near:
            break
    mantissa, _, exponent = shown.partition("e")
    power = int(exponent)
    if -4 <= power < 6 and digits <= power:
        return f"{near:.0f}"
    if -4 <= power < 6:
        return f"{near:.{digits - power}f}"
    return f"{mantissa}e{power:+03d}"
