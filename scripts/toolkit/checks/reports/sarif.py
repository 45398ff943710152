"""SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/): what any tool found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from toolkit.base.outcome import Failed
from toolkit.checks.reports import opening
from toolkit.checks.reports.findings import Finding, relative

WHAT = "SARIF 2.1.0"
_HARMLESS = ("pass", "notApplicable", "informational")  # kinds of results that say that nothing is wrong
Rules = dict[tuple[int | None, int], Mapping[str, Any]]
_SEVERITIES = {"error": "HIGH", "note": "LOW", "none": "LOW"}


def read(report: Path, folder: Path) -> tuple[tuple[str, ...], list[Finding]]:
    """The tools that ran, and what they found; files below folder are named relative to it.

    Raises NotReadable when the report is missing, broken or of another form, and Failed when a tool says in
    it that it did not come to its end.
    """
    document = opening.document(report, WHAT)
    try:
        if not str(document["version"]).startswith("2.1"):
            raise opening.NotReadable(f"{report}: is SARIF {document['version']}, not 2.1.0")
        runs: list[Mapping[str, Any]] = document["runs"]
        if not runs:
            raise opening.NotReadable(f"{report}: has no runs: no tool says that it looked at anything")
        found = [finding for run in runs for finding in _run(run, folder)]
        return tuple(dict.fromkeys(_name(run) for run in runs)), found
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise opening.of_another_form(report, WHAT, error) from None


def _name(run: Mapping[str, Any]) -> str:
    return str(run["tool"]["driver"]["name"])


def _run(run: Mapping[str, Any], folder: Path) -> Iterator[Finding]:
    name = _name(run)
    for invocation in run.get("invocations") or ():
        if invocation.get("executionSuccessful") is False:
            notes = invocation.get("toolExecutionNotifications") or ()
            said = [str(_text(note.get("message") or {})) for note in notes if note.get("level") == "error"]
            why = f": {said[0]}" if said else ""
            raise Failed(f"{name} says in its report that it did not come to its end{why}", evidence=said)
    rules: Rules = {
        (None, number): rule for number, rule in enumerate(run["tool"]["driver"].get("rules") or ())
    }
    for number, extension in enumerate(run["tool"].get("extensions") or ()):
        rules |= {(number, place): rule for place, rule in enumerate(extension.get("rules") or ())}
    for result in run.get("results") or ():
        if result.get("kind", "fail") in _HARMLESS or result.get("baselineState") == "absent":
            continue
        yield _finding(name, result, _rule(result, rules), run, folder)


def _rule(result: Mapping[str, Any], rules: Rules) -> Mapping[str, Any]:
    """The rule of a result, by its index or its id (§3.52.3); an empty one where the log has none."""
    told = result.get("rule") or {}
    number = result.get("ruleIndex", told.get("index", -1))
    if (rule := rules.get(((told.get("toolComponent") or {}).get("index"), number))) is not None:
        return rule
    wanted = result.get("ruleId") or told.get("id")
    return next((rule for rule in rules.values() if rule.get("id") == wanted), {})


def _finding(
    name: str, result: Mapping[str, Any], rule: Mapping[str, Any], run: Mapping[str, Any], folder: Path
) -> Finding:
    told = result.get("message") or {}
    message = str(_text(told) or _of_rule(told, rule) or _text(rule.get("shortDescription") or {}))
    place = ((result.get("locations") or [{}])[0].get("physicalLocation")) or {}
    artifact = place.get("artifactLocation") or {}
    if "uri" not in artifact and isinstance(artifact.get("index"), int):
        artifact = (run.get("artifacts") or ())[artifact["index"]]["location"]
    default = (rule.get("defaultConfiguration") or {}).get("level", "warning")
    id = str(result.get("ruleId") or (result.get("rule") or {}).get("id") or rule.get("id") or "unnamed")
    return Finding(
        tool=name,
        id=id,
        message=" ".join(message.split()),
        file=_file(str(artifact.get("uri", "")), folder),
        line=int((place.get("region") or {}).get("startLine", 0)),
        aliases=(str(rule["name"]),) if rule.get("name") and rule["name"] != id else (),
        severity=_SEVERITIES.get(result.get("level", default), "MEDIUM"),
        link=str(rule.get("helpUri", "")),
        inline=any(each.get("status", "accepted") == "accepted" for each in result.get("suppressions") or ()),
    )


def _text(message: Mapping[str, Any]) -> Any:
    return message.get("text") or message.get("markdown")


def _of_rule(message: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    """A message that the rule has, with {0}, {1} for the arguments (§3.11)."""
    text = str(_text((rule.get("messageStrings") or {}).get(str(message.get("id")), {})) or "")
    for number, argument in enumerate(message.get("arguments") or ()):
        text = text.replace(f"{{{number}}}", str(argument))
    return text


def _file(uri: str, folder: Path) -> str:
    parts = urlsplit(uri)
    path = unquote(parts.path) if parts.scheme in ("", "file") else uri
    return relative(path.removeprefix("./"), folder) or "."
