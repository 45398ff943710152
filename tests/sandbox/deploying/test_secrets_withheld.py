"""What is wrong with a Secret is told by file, line or field: its content is on no console, log or record."""

from __future__ import annotations

import base64

import pytest

from tests.sandbox.platform_double import Platform

CANARY = "canary-7f3a91"
HEAD = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: key\n"
CASES = {
    "yaml": (
        f"{HEAD}stringData:\n  token: {CANARY}: {CANARY}\n",
        "tiny/deploy/secret.yaml:6: is not valid YAML",
    ),
    "alias": (f"{HEAD}stringData:\n  token: *{CANARY}\n", "tiny/deploy/secret.yaml:6: an alias"),
    "quote": (f'{HEAD}stringData:\n  token: "{CANARY}\n', "tiny/deploy/secret.yaml:"),
    "type": (f"{HEAD}stringData: {CANARY}\n", "tiny/deploy/secret.yaml:5: Secret/key: stringData is a text"),
    "template": (
        f"{HEAD}stringData:\n{{% set x = {{}} %}}\n  token: {{{{ x['{CANARY}'] }}}}\n",
        "tiny/deploy/secret.yaml:7: something is undefined",
    ),
    "filter": (
        f"{HEAD}stringData:\n  token: {{{{ '{CANARY}' | sum }}}}\n",
        "tiny/deploy/secret.yaml:6: a value has the wrong type",
    ),
    "label": (f"{HEAD}  labels: {{ a: '{CANARY} !' }}\n", "Secret/key: metadata.labels: Invalid value: ***"),
    "base64": (f"{HEAD}data: {{ a: '{CANARY}!' }}\n", "Secret/key"),
    "type of secret": (
        f"{HEAD}type: kubernetes.io/dockerconfigjson\nstringData: {{ .dockerconfigjson: '{CANARY}' }}\n",
        "Secret/key: data[.dockerconfigjson]",
    ),
    "unknown field": (f"{HEAD}string_data: {{ a: '{CANARY}' }}\n", "string_data: there is no such field"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_secret_that_is_refused_is_quoted_nowhere(platform: Platform, case: str) -> None:
    text, told = CASES[case]
    (platform.folder / "tiny" / "deploy" / "secret.yaml").write_text(text)
    ended = platform.deploy()
    assert ended.code in (1, 2, 3), ended.output
    assert told in ended.output
    forms = {CANARY, base64.b64encode(CANARY.encode()).decode().rstrip("=")[:-1]}
    written = [each for each in (platform.folder / ".pipeline").rglob("*") if each.is_file()]
    assert any(each.name == "run.json" for each in written)
    for form in forms:
        assert form not in ended.output
        assert [each.name for each in written if form in each.read_text(errors="replace")] == []
