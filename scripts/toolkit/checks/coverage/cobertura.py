"""Cobertura XML, as coverage.py, SimpleCov, c8, gocover-cobertura and others write it.

https://github.com/cobertura/cobertura/blob/master/cobertura/src/site/htdocs/xml/coverage-04.dtd
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.checks.coverage.measured import Coverage, of_files

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

WHAT = "Cobertura XML"


def read(root: Element, _folder: Path) -> Coverage | None:
    """What it says, counted line by line: a rate that a tool wrote down may be rounded.

    A line of a method stands twice, below the method and below its class; it counts once.
    """
    hits: dict[str, dict[str, int]] = {}
    for each in root.iter("class"):
        lines = hits.setdefault(each.attrib["filename"], {})
        for line in each.iter("line"):
            number = line.attrib["number"]
            lines[number] = max(lines.get(number, 0), int(line.attrib["hits"]))
    return of_files({file: (len(lines), sum(n > 0 for n in lines.values())) for file, lines in hits.items()})
