"""Starts coverage at the start of Python itself: before any test, plugin or worker has imported the app.

`coverage run` measures one process only, and stops when a plugin measures for itself.
https://docs.python.org/3/library/site.html#module-sitecustomize
"""

from __future__ import annotations

import json
import os


def begin() -> None:
    """Measure as MEASURE_COVERAGE says: {"data": file, "config": file, "more": settings of Coverage}."""
    given = json.loads(os.environ["MEASURE_COVERAGE"])
    try:
        import coverage
    except ImportError:
        return  # another Python than the app's, which a test has started
    measured = coverage.Coverage(
        data_file=given["data"],
        data_suffix=True,  # a file for each process
        auto_data=True,  # written when the process ends
        config_file=given["config"] or False,
        messages=False,
        **given["more"],
    )
    for warning in ("no-data-collected", "module-not-imported", "already-imported", "module-not-measured"):
        measured.config.disable_warnings = [*(measured.config.disable_warnings or ()), warning]
    measured.start()


if os.environ.get("MEASURE_COVERAGE"):
    begin()
