"""How the picture of the pipeline looks, on a light page and on a dark one."""

from __future__ import annotations

from collections.abc import Mapping

# By role; the lanes take their colours in turn.
LIGHT = {
    "ink": "#1f2328",
    "soft": "#59636e",
    "box": "#ffffff",
    "line": "#8c959f",
    "check": "#0969da",
    "lane0": "#1a7f37",
    "lane1": "#9a3412",
    "lane2": "#7c3aed",
    "end": "#6e40c9",
    "stop": "#cf222e",
}
DARK = {
    "ink": "#f0f6fc",
    "soft": "#a8b3bf",
    "box": "#0d1117",
    "line": "#7d8590",
    "check": "#58a6ff",
    "lane0": "#3fb950",
    "lane1": "#f0883e",
    "lane2": "#bc8cff",
    "end": "#bc8cff",
    "stop": "#f85149",
}
FONT = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, 'DejaVu Sans', sans-serif"


def style() -> str:
    """Both colour schemes, as plain rules: not every renderer knows variables."""
    return (
        f"text{{font-family:{FONT}}}\n"
        ".name{font-size:16px;font-weight:600}.head{font-size:15px;font-weight:700}"
        ".about{font-size:12px}.soft{font-size:13px}\n"
        ".line,.dash,.fail{fill:none;stroke-width:1.6}.dash{stroke-dasharray:3 5}.fail{stroke-dasharray:6 4}"
        ".panel{fill-opacity:.08;stroke-opacity:.45}.box{stroke-width:1.6}"
        ".bar{stroke:#fff;stroke-width:3.4;stroke-linecap:round}\n"
        f"{_rules(LIGHT)}\n@media (prefers-color-scheme:dark){{{_rules(DARK)}}}\n"
    )


def _rules(colours: Mapping[str, str]) -> str:
    roles = [role for role in colours if role in ("check", "end") or role.startswith("lane")]
    return (
        f".name{{fill:{colours['ink']}}}.about,.soft{{fill:{colours['soft']}}}"
        f".line,.dash{{stroke:{colours['line']}}}.tip{{fill:{colours['line']}}}.stop{{fill:{colours['stop']}}}"
        f".fail{{stroke:{colours['stop']}}}.box.undo{{fill:{colours['box']};stroke:{colours['stop']}}}"
        + "".join(
            f".panel.{role}{{fill:{colours[role]};stroke:{colours[role]}}}"
            f".box.{role}{{fill:{colours['box']};stroke:{colours[role]}}}.head.{role}{{fill:{colours[role]}}}"
            for role in roles
        )
    )
