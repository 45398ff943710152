"""Builds an app's images, once for the same inputs, and names them by digest."""

from __future__ import annotations

import sys

from toolkit.base.outcome import Outcome
from toolkit.images import building
from toolkit.settings import command


def run(request: command.Request) -> Outcome:
    """Every role's image, built by the cluster's builder."""
    request.app.require_code()
    built = building.build(request, request.app, anew=True)
    # Short here, whole in the log above and in the record.
    names = ", ".join(f"{role} {image.rpartition('sha256:')[2][:12]}" for role, image in built.items())
    return Outcome(
        reason=f"{len(built)} image{'s' if len(built) > 1 else ''}: {names}", details={"images": built}
    )


if __name__ == "__main__":
    sys.exit(command.main(run, stage="build", help=__doc__ or "", app="one", place="none"))
