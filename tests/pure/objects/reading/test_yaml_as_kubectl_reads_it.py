"""Scalars, keys, merges, tags and blocks are what kubectl made of them, which is kept in cases/yaml."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from toolkit.base.outcome import Misused
from toolkit.objects.reading import documents, parser
from toolkit.objects.reading.source import Source

from tests import corpus


def read(text: str, name: str = "a.yaml") -> list[object]:
    return [value for _, value in documents.read(Source(Path(name), text))]


@pytest.mark.parametrize("case", list(corpus.cases()), ids=lambda case: case.name.replace("/", "_"))
def test_it_is_what_kubectl_makes_of_it(case: corpus.Case) -> None:
    text = corpus.HEAD + case.yaml
    if case.fields is None:
        with pytest.raises(Misused):
            read(text)
        return
    (found,) = read(text)
    assert isinstance(found, dict)
    fields = {key: value for key, value in found.items() if key not in ("apiVersion", "kind", "metadata")}
    assert json.dumps(corpus.alike(fields), sort_keys=True) == json.dumps(case.fields, sort_keys=True)


def test_the_parser_without_libyaml_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    yaml = pytest.importorskip("yaml")
    monkeypatch.setattr(parser, "LOADER", yaml.SafeLoader)
    wrong = []
    for case in corpus.cases():
        if case.name in ("dq_sur", "tabs"):  # a surrogate in YAML, a tab for a space: libyaml knows better
            continue
        try:
            (found,) = read(corpus.HEAD + case.yaml)
        except Misused:
            found = None
        fields = found and {k: v for k, v in found.items() if k not in ("apiVersion", "kind", "metadata")}  # type: ignore[attr-defined]
        if corpus.alike(fields) != case.fields:
            wrong.append((case.name, fields))
    assert wrong == []


def test_an_alias_is_a_copy_and_a_bomb_is_refused() -> None:
    (found,) = read("a: &a {b: [1]}\nc: *a\n")
    assert isinstance(found, dict)
    found["c"]["b"].append(2)
    assert found["a"] == {"b": [1]}
    rows = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 12))
    with pytest.raises(Misused, match=r"a\.yaml:\d+: its aliases come to more than"):
        read(f"kind: A\nl0: &l0 [x]\n{rows}")


def test_what_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(Misused, match="nested too deeply"):
        read("kind: A\nx: " + "[" * 20_000 + "]" * 20_000)
    with pytest.raises(Misused, match="nested too deeply"):
        read('{"x": ' + "[" * 200_000 + "]" * 200_000 + "}", "a.json")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"a": 1.0, "b": 1e3, "c": "\\ud83d\\ude00"}', [{"a": 1, "b": 1000, "c": "\U0001f600"}]),
        ('{"a": 1}{"b": 2}\n\n {"c": "\\/"}\n', [{"a": 1}, {"b": 2}, {"c": "/"}]),
        ('{"a": 12345678901234567890}', [{"a": 12345678901234567890.0}]),
        ("", []),
    ],
)
def test_json_is_read_as_json(text: str, values: list[object]) -> None:
    assert read(text, "a.json") == values
    assert read(text, "a.yaml") == values, "kubectl goes by the first character, not by the name"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"kind": "A",\n "a": 1,\n "a": 2}', r'a\.json:3: the key "a" is there twice, first in line 2'),
        ('{"kind": "A",\n a: 1}', r"a\.json:2: is not valid JSON"),
        ('{"a": NaN}', r"a\.json:1: is not valid JSON: infinity and NaN"),
    ],
)
def test_what_is_wrong_with_json_is_told_with_the_line(text: str, what: str) -> None:
    with pytest.raises(Misused, match=what):
        read(text, "a.json")
