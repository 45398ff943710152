"""From metadata and the runner's release to objects."""

import base64
import json
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from publisher import objects
from publisher.objects import Unusable

from .conftest import form_json


def config_map(text: str = "", version: str = "1") -> dict[str, Any]:
    return {"data": {"form.json": text or form_json(), "version": version}}


def test_the_slug_is_filled_in_everywhere_and_marked_as_ours() -> None:
    used = objects.release(config_map(), "fb-runner-x")
    made = objects.deployment("cats", "services", '{"a":"{slug}"}', used)
    assert "{slug}" not in json.dumps(made)
    assert (made["metadata"]["name"], made["metadata"]["namespace"]) == ("form-cats", "services")
    assert objects.is_ours(made)
    assert made["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "X", "value": "cats"}]
    assert made["spec"]["selector"]["matchLabels"] == {"app": "form-cats"}
    assert "{slug}" in json.dumps(used.deployment), "the release itself is left as it is"
    assert objects.service("cats", "services", used)["metadata"]["name"] == "form-cats"


def test_pods_are_renewed_for_other_content_and_other_releases_and_nothing_else() -> None:
    used = objects.release(config_map(), "r")
    same = objects.release(config_map(version="2"), "r")
    other = objects.release(config_map(form_json("runner:2")), "r")
    assert objects.revision("cats", "{}", used) == objects.revision("cats", "{}", same)
    revisions = {
        objects.revision(slug, content, release)
        for slug, content, release in [
            ("cats", "{}", used), ("dogs", "{}", used), ("cats", "[]", used), ("cats", "{}", other),
        ]
    }  # fmt: skip
    assert len(revisions) == 4
    annotations = objects.deployment("cats", "n", "{}", used)["spec"]["template"]["metadata"]["annotations"]
    assert annotations == {objects.REVISION: objects.revision("cats", "{}", used)}


def test_the_two_halves_of_a_key_fit() -> None:
    made = objects.secret("cats", "services")
    data = {name: base64.b64decode(value) for name, value in made["data"].items()}
    private = RSAKey.import_key(base64.b64decode(data["ENCODED_PRIVATE_KEY"]))
    public = RSAKey.import_key(base64.b64decode(objects.public_key(made)))
    assert private.thumbprint() == public.thumbprint()
    assert b"PRIVATE" not in base64.b64decode(data["ENCODED_PUBLIC_KEY"])
    assert len(data["SERVICE_SECRET"]) >= 32
    assert made["data"] != objects.secret("cats", "services")["data"]


BROKEN = [
    None,
    {},
    config_map("no json"),
    config_map("[]"),
    config_map("{}"),
    config_map(json.dumps({**json.loads(form_json()), "service": {"kind": "Pod"}})),
    config_map(form_json().replace("form-{slug}", "one-for-all")),
]


@pytest.mark.parametrize("found", BROKEN)
def test_a_release_that_nothing_can_be_run_from_is_named(found: Any) -> None:
    with pytest.raises(Unusable, match="ConfigMap fb-runner-x"):
        objects.release(found, "fb-runner-x")
