"""Delete options: from the body and from the query."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.api.wire.status import StatusError
from sandbox.api.writing.deletion import DeleteOptions


def test_delete_options() -> None:
    body = {
        "gracePeriodSeconds": 5,
        "propagationPolicy": "Orphan",
        "preconditions": {"uid": "u"},
        "dryRun": ["All"],
    }
    assert DeleteOptions.read(body, {}) == DeleteOptions(5, "Orphan", "u", None, True)
    assert DeleteOptions.read(None, {"gracePeriodSeconds": "0"}) == DeleteOptions(grace=0)
    assert DeleteOptions.read({"gracePeriodSeconds": 3}, {"gracePeriodSeconds": "0"}).grace == 3
    assert DeleteOptions.read({"orphanDependents": False}, {}).propagation == "Background"
    assert DeleteOptions.read({"gracePeriodSeconds": -1}, {}).grace == 0


@pytest.mark.parametrize("body", [[], "x", {"gracePeriodSeconds": "soon"}, {"preconditions": 1}])
def test_delete_options_that_make_no_sense(body: Any) -> None:
    with pytest.raises(StatusError) as error:
        DeleteOptions.read(body, {})
    assert error.value.code == 400
