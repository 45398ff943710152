"""The pipeline as a picture: a plan in, SVG out. Pure, and the same plan always gives the same bytes.

The checks stand in one column, each environment is a lane that reads from left to right, the stages that
always run lie below everything. What undoes a failure branches off its lane and leads back, to the left.
Where a lane is as far as other branches come, a stop sign says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from textwrap import wrap
from xml.sax.saxutils import escape

from toolkit.pipeline.plan import Plan, Stage
from toolkit.reporting.diagram_style import style

BOX_W, BOX_H = 158, 68
GAP = 30  # between boxes: room for an arrow
PAD = 22  # from a panel's edge to its boxes
HEAD = 40  # a panel's heading
GUTTER = 46  # between panels: room for the way from one lane to the next
BELOW = 34  # between a lane's boxes and the one that undoes them
MARGIN = 12
RAIL = 26  # right of the lanes: the dashed way to what always runs


@dataclass(frozen=True)
class Panel:
    """A rounded area with a heading and boxes: x, y of its corner, the stages and where each box is.

    boxes are the main line, undoing the boxes of the stages that undo some of it.
    """

    heading: str
    note: str
    colour: str
    x: int
    y: int
    w: int
    h: int
    boxes: Mapping[str, tuple[int, int]]
    undoing: Mapping[str, tuple[int, int]]


def draw(plan: Plan, *, notes: Mapping[str, str], main: str, stop: str | None = None) -> str:
    """The SVG of a plan.

    `notes` has a line for each environment (its spaces); `main` is the branch that the plan is for, `stop`
    the environment that other branches do not leave.
    """
    checks = [stage for stage in plan.stages if not stage.environment and not stage.always]
    lanes = {name: [s for s in plan.stages if s.environment == name] for name in _environments(plan.stages)}
    ends = [stage for stage in plan.stages if stage.always]
    lines = {name: [stage for stage in stages if not stage.undoes] for name, stages in lanes.items()}
    slots = max((len(stages) + (1 if name == stop else 0) for name, stages in lines.items()), default=1)

    gutters = max(0, len(lanes) - 1) * GUTTER
    least = [
        HEAD + BOX_H + PAD + (BELOW + BOX_H) * any(s.undoes for s in stages) for stages in lanes.values()
    ]
    height = max(sum(least) + gutters, HEAD + BOX_H + PAD, HEAD + len(checks) * (BOX_H + 12) - 12 + PAD)
    spare = (height - gutters - sum(least)) // max(1, len(lanes))
    left = _column(checks, height)
    x = left.x + left.w + GUTTER
    width = 2 * PAD + slots * BOX_W + (slots - 1) * GAP
    panels: list[Panel] = []
    top = MARGIN
    for row, (name, stages) in enumerate(lanes.items()):
        lane_h = least[row] + spare
        box_y = top + HEAD + spare // 2
        boxes = {s.id: (x + PAD + i * (BOX_W + GAP), box_y) for i, s in enumerate(lines[name])}
        undoing = {s.id: _below(s, boxes, x + PAD, box_y) for s in stages if s.undoes}
        colour = f"lane{row % 3}"
        panels.append(Panel(name, notes.get(name, ""), colour, x, top, width, lane_h, boxes, undoing))
        top += lane_h + GUTTER
    bottom = MARGIN + height + GUTTER
    total_w, total_h = x + width + RAIL + MARGIN, bottom + 46 + MARGIN

    about = {stage.id: stage for stage in plan.stages}
    parts = [_open(plan, total_w, total_h, main, stop)]
    for panel in [left, *panels]:
        parts += [_panel(panel), *(_box(about[id], at, panel.colour) for id, at in panel.boxes.items())]
        if panel is not left:
            parts += [_arrow(f"M{ax + BOX_W} {ay + BOX_H // 2}H{bx}") for (ax, ay), (bx, _) in _pairs(panel)]
        for id, at in panel.undoing.items():
            parts += [_box(about[id], at, "undo"), *_back(about[id], panel.boxes, at)]
    parts += _fan_in(left, panels)
    for upper, lower in pairwise(panels):
        parts += _onward(upper, lower, main if upper.heading == stop else "")
    parts += [_stop_sign(panel) for panel in panels if panel.heading == stop and panel.boxes]
    parts += _always(ends, [left, *panels], bottom, total_w - 2 * MARGIN)
    return "\n".join([*parts, "</svg>\n"])


def _environments(stages: Iterable[Stage]) -> list[str]:
    return list(dict.fromkeys(stage.environment for stage in stages if stage.environment))


def _column(checks: Sequence[Stage], height: int) -> Panel:
    free = height - HEAD - PAD - len(checks) * BOX_H
    step = BOX_H + (free // max(1, len(checks) - 1) if len(checks) > 1 else 0)
    boxes = {stage.id: (MARGIN + PAD, MARGIN + HEAD + i * step) for i, stage in enumerate(checks)}
    return Panel("every commit", "", "check", MARGIN, MARGIN, BOX_W + 2 * PAD + 14, height, boxes, {})


def _pairs(panel: Panel) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    return list(pairwise(panel.boxes.values()))


def _below(stage: Stage, boxes: Mapping[str, tuple[int, int]], x: int, y: int) -> tuple[int, int]:
    """Where the box of a stage that undoes others goes: below, and a place before the first of them."""
    columns = [place for place, id in enumerate(boxes) if id in stage.undoes]
    return x + max(0, min(columns, default=0) - 1) * (BOX_W + GAP), y + BOX_H + BELOW


def _back(stage: Stage, boxes: Mapping[str, tuple[int, int]], at: tuple[int, int]) -> list[str]:
    """From every box that it undoes down to one line, and that leads back to it."""
    x, y = at
    bus = y + BOX_H // 2
    starts = [bx + BOX_W * 3 // 4 for id, (bx, _) in boxes.items() if id in stage.undoes]
    beside = [start for start in starts if start > x + BOX_W]
    ticks = "".join(f"M{start} {y - BELOW}V{bus if start in beside else y}" for start in starts)
    parts = [f'<path class="fail" d="{ticks}"/>']
    if beside:
        parts.append(f'<path class="fail" marker-end="url(#back)" d="M{max(beside)} {bus}H{x + BOX_W}"/>')
        middle = bus + 20
        parts.append(
            f'<text class="soft" x="{x + BOX_W + 14}" y="{middle}">only if one of these fails</text>'
        )
    return parts


def _fan_in(left: Panel, panels: Sequence[Panel]) -> list[str]:
    """From all checks to the first stage of the first lane: a bus, so that four lines become one."""
    if not left.boxes or not panels or not panels[0].boxes:
        return []
    to_x, to_y = next(iter(panels[0].boxes.values()))
    entry = to_y + BOX_H // 2
    bus = left.x + left.w - PAD // 2 - 4
    rows = [y + BOX_H // 2 for _, y in left.boxes.values()]
    ticks = "".join(f"M{x + BOX_W} {y + BOX_H // 2}H{bus}" for x, y in left.boxes.values())
    ends = [*rows, entry]
    return [
        f'<path class="line" d="{ticks}M{bus} {min(ends)}V{max(ends)}"/>',
        _arrow(f"M{bus} {entry}H{to_x}"),
    ]


def _onward(upper: Panel, lower: Panel, branch: str) -> list[str]:
    """From the end of one lane, through the gutter, to the start of the next."""
    if not upper.boxes or not lower.boxes:
        return []
    from_x, from_y = list(upper.boxes.values())[-1]
    to_x, to_y = next(iter(lower.boxes.values()))
    out, turn, into = from_x + BOX_W // 2, lower.y - GUTTER // 2, lower.x - GUTTER // 2
    middle, r = to_y + BOX_H // 2, 10
    way = (
        f"M{out} {from_y + BOX_H}V{turn - r}q0 {r} {-r} {r}H{into + r}"
        f"q{-r} 0 {-r} {r}V{middle - r}q0 {r} {r} {r}H{to_x}"
    )
    label = (
        f'<text class="soft" x="{out - 26}" y="{turn - 7}" text-anchor="end">only {escape(branch)}</text>'
        if branch
        else ""
    )
    return [_arrow(way), label]


def _stop_sign(panel: Panel) -> str:
    """An octagon after the last box of a lane."""
    x, y = list(panel.boxes.values())[-1]
    cx, cy, r, c = x + BOX_W + GAP + 16, y + BOX_H // 2, 15, 6
    corners = [(-r, -c), (-c, -r), (c, -r), (r, -c), (r, c), (c, r), (-c, r), (-r, c)]
    points = " ".join(f"{cx + dx},{cy + dy}" for dx, dy in corners)
    return (
        f'<path class="line" d="M{x + BOX_W} {cy}H{cx - r}"/>'
        f'<polygon class="stop" points="{points}"/><path class="bar" d="M{cx - 7} {cy}h14"/>'
        f'<text class="soft" x="{cx + r + 9}" y="{cy - 3}">any other</text>'
        f'<text class="soft" x="{cx + r + 9}" y="{cy + 14}">branch stops</text>'
    )


def _always(ends: Sequence[Stage], panels: Sequence[Panel], y: int, width: int) -> list[str]:
    """What runs whatever happened: a bar under everything, with a dashed way from each panel."""
    first, *lanes = panels
    rail = MARGIN + width - 8
    parts = [f'<path class="dash" d="M{first.x + first.w // 2} {first.y + first.h}V{y}"/>']
    for lane in lanes:
        middle = lane.y + lane.h // 2
        parts.append(f'<path class="dash" d="M{lane.x + lane.w} {middle}H{rail - 10}q10 0 10 10V{y}"/>')
    for stage in ends:
        parts.append(
            f'<rect class="panel end" x="{MARGIN}" y="{y}" width="{width}" height="46" rx="12"/>'
            + _titled(
                MARGIN + PAD,
                y + 29,
                "name",
                stage.name,
                f"{stage.about}, always: whether the run passed, failed or was interrupted",
            )
        )
    return parts


def _panel(panel: Panel) -> str:
    return (
        f'<rect class="panel {panel.colour}" x="{panel.x}" y="{panel.y}" width="{panel.w}" height="{panel.h}"'
        ' rx="12"/>' + _titled(panel.x + PAD, panel.y + 26, f"head {panel.colour}", panel.heading, panel.note)
    )


def _titled(x: int, y: int, kind: str, title: str, note: str) -> str:
    """A title and, behind it, a softer note: one text, for only the renderer knows how wide the title is."""
    behind = f'<tspan class="soft" dx="12">{escape(note)}</tspan>' if note else ""
    return f'<text x="{x}" y="{y}"><tspan class="{kind}">{escape(title)}</tspan>{behind}</text>'


def _box(stage: Stage, at: tuple[int, int], colour: str) -> str:
    x, y = at
    return (
        f'<rect class="box {colour}" x="{x}" y="{y}" width="{BOX_W}" height="{BOX_H}" rx="8"/>'
        f'<text class="name" x="{x + 14}" y="{y + 26}">{escape(stage.name)}</text>'
        + "".join(
            f'<text class="about" x="{x + 14}" y="{y + 43 + 15 * n}">{escape(line)}</text>'
            for n, line in enumerate(wrap(stage.about, 20)[:2])
        )
    )


def _arrow(way: str) -> str:
    return f'<path class="line" marker-end="url(#tip)" d="{way}"/>'


def _open(plan: Plan, width: int, height: int, main: str, stop: str | None) -> str:
    title = f"The pipeline of {plan.app}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" role="img" aria-labelledby="title desc">\n'
        f'<title id="title">{escape(title)}</title>\n'
        f'<desc id="desc">{escape(_told(plan, main, stop))}</desc>\n'
        f"<style>\n{style()}</style>\n"
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7"'
        ' orient="auto-start-reverse"><path class="tip" d="M0 0L10 5L0 10z"/></marker>'
        '<marker id="back" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7"'
        ' orient="auto"><path class="stop" d="M0 0L10 5L0 10z"/></marker></defs>'
    )


def _told(plan: Plan, main: str, stop: str | None) -> str:
    """The picture in words, for whoever cannot see it."""
    parts = []
    for stage in plan.stages:
        name = " ".join(filter(None, (stage.name, stage.environment)))
        after = ", ".join(plan.stage(id).name for id in stage.after)
        when = "always, at the end" if stage.always else f"after {after}" if after else stage.when
        parts.append(f"{name}: {when}.")
    tail = f" Only {main} goes beyond {stop}." if stop else ""
    return " ".join(parts) + tail
