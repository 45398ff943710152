"""The formats of coverage, and the one that a report has. A new one is a module here and a row below."""

from __future__ import annotations

from pathlib import Path

from toolkit.checks.coverage import cobertura, coverage_py, go_profile, lcov, simplecov
from toolkit.checks.coverage.measured import Coverage
from toolkit.checks.reports import opening

DOCUMENTS = (coverage_py, simplecov)
TEXTS = (lcov, go_profile)
WHAT = ", ".join(("coverage as Cobertura XML", *(each.WHAT for each in (*DOCUMENTS, *TEXTS))))


def read(report: Path, folder: Path) -> Coverage | None:
    """What a report says; None when no line counts in it. Files below folder are named relative to it.

    Raises NotReadable when it is missing, broken, or in none of these formats.
    """
    text = opening.text(report, WHAT)
    what = WHAT
    try:
        if text.lstrip().startswith("<"):
            what = cobertura.WHAT
            return cobertura.read(opening.xml(report, what, ("coverage",)), folder)
        for each in TEXTS:
            if each.is_it(text):
                what = each.WHAT
                return each.read(text, folder)
        document = opening.parsed(text, str(report), WHAT)
        for kind in DOCUMENTS:
            if kind.is_it(document):
                what = kind.WHAT
                return kind.read(document, folder)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise opening.of_another_form(report, what, error) from None
    raise opening.NotReadable(f"{report}: is none of {WHAT}")
