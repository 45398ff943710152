"""Draws the pipeline from its plan as SVG, or says whether the picture that is there still fits."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path

from toolkit.base.outcome import Failed, Misused, Outcome
from toolkit.pipeline import plan
from toolkit.reporting import diagram
from toolkit.settings import command
from toolkit.settings.config import Config

PICTURE = Path("docs") / "pipeline.svg"
OTHER_BRANCH = "any other branch"
"""No branch can have this name: it stands for all that no environment asks for."""


def draw(request: command.Request) -> Outcome:
    """Write the picture, or with --check compare it."""
    file = request.root / PICTURE
    picture = picture_of(request.config, request.options.app)
    if not request.options.check:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(picture, encoding="utf-8")
        request.say(f"{PICTURE} drawn")
        return Outcome(reason=f"{PICTURE} drawn")
    if not file.is_file():
        raise Failed(f"{PICTURE} is missing", remedy="make diagram")
    if file.read_text(encoding="utf-8") != picture:
        raise Failed(f"{PICTURE} does not show the pipeline as it is planned", remedy="make diagram")
    return Outcome(reason=f"{PICTURE} shows the pipeline as it is planned")


def picture_of(config: Config, name: str = "") -> str:
    """The SVG for an app; for the first one that has code when there is no name."""
    coded = [app for app in config.apps.values() if not app.pending]
    if not coded:
        raise Misused("no app has code yet, so there is no pipeline to draw")
    app = config.app(name) if name else coded[0]
    whole, other = plan.for_run(config, app, app.main_branch), plan.for_run(config, app, OTHER_BRANCH)
    reached = [stage.environment for stage in other.stages if stage.environment]
    stops = len(other.stages) < len(whole.stages)
    notes = {each.name: f"{' and '.join(each.spaces)}, side by side" for each in config.environments.values()}
    stop = reached[-1] if stops and reached else None
    return diagram.draw(whole, notes=notes, main=app.main_branch, stop=stop)


def flags(parser: ArgumentParser) -> None:
    parser.add_argument("--app", metavar="APP", default="", help="whose; default: the first that has code")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the file differs")


if __name__ == "__main__":
    sys.exit(
        command.main(draw, stage="diagram", help=__doc__ or "", app="none", arguments=flags, record=False)
    )
