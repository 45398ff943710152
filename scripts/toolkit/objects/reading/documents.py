"""A rendered file to its documents: YAML or JSON, each with its place. Errors name the line, not a secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import yaml

from toolkit.base.outcome import Misused
from toolkit.objects.reading import parser, scalars, secrecy
from toolkit.objects.reading.source import Place, Source

# What YAML does not take in any place, tabs and the ends of lines aside.
_CONTROL = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_SPACE = re.compile(r"[ \t\r\n]*")


def read(source: Source) -> Iterator[tuple[Place, Any]]:
    """The documents of a file that are not empty. Raises Misused with the line."""
    # kubectl takes what begins so for JSON, whatever the file is called, and for YAML only when it is none.
    is_json = ".json" in source.file.suffixes
    if is_json or source.text.lstrip().startswith("{"):
        try:
            found = list(_json(source.text))
        except json.JSONDecodeError as error:
            if is_json:
                _refuse(source, error.lineno, why=f"is not valid JSON{_once(source)}: {error.msg}")
        except _Twice as twice:
            _refuse_twice(source, *twice.lines(source), twice.key)
        except scalars.Unreadable as error:
            _refuse(source, 1, why=f"is not valid JSON{_once(source)}: {error}")
        except RecursionError:
            _refuse(source, 1, why="is nested too deeply")
        else:
            for number, (at, value) in enumerate(found):
                yield Place(source, number, source.text.count("\n", 0, at) + 1), value
            return
    yield from _yaml(source)


def _yaml(source: Source) -> Iterator[tuple[Place, Any]]:
    number = 0
    try:
        for number, (line, value) in enumerate(parser.documents(source.text)):
            if value is not None:
                yield Place(source, number, line), value
    except parser.Wrong as wrong:
        if wrong.key is None:
            _refuse(source, wrong.line, why=wrong.why)
        trees = source.nodes
        first = (
            trees[number_of(source, wrong.line)].twin(wrong.line, wrong.column, wrong.key) if trees else None
        )
        _refuse_twice(source, first, wrong.line, wrong.key)
    except yaml.MarkedYAMLError as error:
        lines = [mark.line + 1 for mark in (error.problem_mark, error.context_mark) if mark] or [1]
        problem = " ".join(part for part in (error.context, error.problem) if part)
        _refuse(source, *lines, why=f"is not valid YAML{_once(source)}: {problem}")
    except (yaml.YAMLError, ValueError) as error:
        control = _CONTROL.search(source.text)
        line = source.text.count("\n", 0, control.start()) + 1 if control else 1
        what = f"the control character U+{ord(control[0]):04X}" if control else type(error).__name__
        _refuse(source, line, why=f"is not valid YAML{_once(source)}: {what}")
    except RecursionError:
        _refuse(source, 1, why="is nested too deeply")


def number_of(source: Source, line: int) -> int:
    """Which of the documents that could be read holds a line."""
    starts = [index for index, node in enumerate(source.nodes) if node.line <= line]
    return starts[-1] if starts else 0


def _once(source: Source) -> str:
    return " once rendered" if source.rendered else ""


def _refuse(source: Source, line: int, *others: int, why: str) -> NoReturn:
    """Refuse what stands in a line. others are lines that have to do with it, such as where it began."""
    if any(source.is_secret(each) for each in (line, *others)):
        raise Misused(
            f"{source.at(line)}: {secrecy.without_quotes(why)}", evidence=[secrecy.WITHHELD]
        ) from None
    raise Misused(f"{source.at(line)}: {why}", evidence=source.text.splitlines()[line - 1 : line]) from None


def _refuse_twice(source: Source, first: int | None, second: int, key: str) -> NoReturn:
    """The same key twice. Keys are no secrets: they are names, in a Secret too."""
    there = f", first in line {first}" if first and not source.rendered else ""
    if first and source.rendered:
        there = f", first in {source.at(first)}"
    raise Misused(
        f'{source.at(second)}: the key "{key}" is there twice{there}', remedy="keep one of the two"
    ) from None


class _Twice(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def lines(self, source: Source) -> tuple[int | None, int]:
        """Of both keys: JSON's parser does not tell, so YAML's is asked."""
        for node in source.nodes:
            if found := _twins(node, self.key):
                return found
        return None, 1


def _twins(node: Any, key: str) -> tuple[int, int] | None:
    lines = [line for name, line, _, _ in node.entries if name == key]
    if len(lines) > 1:
        return lines[0], lines[1]
    deeper = (_twins(entry[3], key) for entry in node.entries)
    return next((found for found in deeper if found), None)


def _json(text: str) -> Iterator[tuple[int, Any]]:
    """Each value of a text of one or more, and where it begins."""
    decoder = json.JSONDecoder(
        object_pairs_hook=_object, parse_float=_number, parse_int=_number, parse_constant=_constant
    )
    at = _SPACE.match(text).end()  # type: ignore[union-attr]
    while at < len(text):
        value, end = decoder.raw_decode(text, at)
        yield at, _paired(value) if _HALF.search(text, at, end) else value
        at = _SPACE.match(text, end).end()  # type: ignore[union-attr]


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Twice(key)
            seen.add(key)
    return found


def _paired(value: Any) -> Any:
    """Without halves of characters, which no request could carry: Go, too, puts U+FFFD there."""
    whole = (
        json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
    return json.loads(whole)


def _number(digits: str) -> int | float:
    whole = digits.lstrip("-").isdigit()
    return scalars.as_json(int(digits) if whole and len(digits) < 40 else float(digits))


def _constant(_word: str) -> NoReturn:
    raise scalars.Unreadable("infinity and NaN are no numbers in JSON")
