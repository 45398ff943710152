"""What an API server's answer is made into: a sentence, and a remedy where one is known."""

from __future__ import annotations

import json

from toolkit.cluster.api.errors import ApiError, api_error


def answer(status: int, message: str) -> ApiError:
    body = json.dumps({"kind": "Status", "message": message}).encode()
    return api_error(status, body, doing="applying", cluster="live", space="test", holder="TOKEN")


def test_a_variable_that_is_there_twice_is_named_with_the_place_where_one_must_go() -> None:
    """As the sandbox and as Kubernetes word it."""
    said = '.spec.template.spec.containers[name="app"].env: duplicate entries for key [name="DEBUG"]'
    typed = f"failed to create typed patch object (ns/web; apps/v1, Kind=Deployment): {said}"
    for status, message in ((400, said), (500, typed)):
        error = answer(status, message)
        assert error.remedy == (
            "in the manifest keep one of the entries with `name: DEBUG` at "
            'spec.template.spec.containers[name="app"].env'
        )
        assert message in error.reason
    assert answer(400, "something else").remedy == ""
