"""What is there before an app is deployed: fixtures that are made once, and the apps that it needs."""

from __future__ import annotations

import re

from tests.sandbox.local import Sandbox
from tests.sandbox.platform_double import Platform


def test_fixtures_are_made_once_and_match(platform: Platform, sandbox: Sandbox) -> None:
    folder = platform.folder / "tiny" / "deploy" / "provision"
    folder.mkdir()
    (folder / "keys.yaml").write_text(
        "{% set key = rsa_key() %}\n"
        "apiVersion: v1\nkind: Secret\nmetadata: { name: keys }\n"
        "stringData: { private: {{ key.private | tojson }}, word: '{{ random_string(12) }}' }\n"
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: public }\n"
        "data: { key: {{ key.public | tojson }} }\n"
    )
    assert platform.deploy().code == 0
    secret = sandbox.api("GET", f"/api/v1/namespaces/ns-{platform.one}/secrets/keys")
    public = sandbox.api("GET", f"/api/v1/namespaces/ns-{platform.one}/configmaps/public")
    again = platform.deploy()
    assert again.code == 0, again.output
    assert sandbox.api("GET", f"/api/v1/namespaces/ns-{platform.one}/secrets/keys") == secret
    from base64 import b64decode

    from cryptography.hazmat.primitives import serialization

    private = serialization.load_pem_private_key(b64decode(secret["data"]["private"]), None)
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    assert private.public_key().public_bytes(encoding, form).decode() == public["data"]["key"]
    assert len(b64decode(secret["data"]["word"])) == 12
    word = b64decode(secret["data"]["word"]).decode()
    assert word not in again.output


HELPER = """
[apps.helper]
title = "Helper"
path = "tiny"
language = "python"
images = { app = "Dockerfile" }
namespace = "ns-{space}"
service = "fb-helper-{space}"
health = "/health"
environments = ["test"]
"""


def test_what_an_app_needs_is_deployed_first_where_it_is_absent(platform: Platform, sandbox: Sandbox) -> None:
    platform.configure(needs='needs = ["helper"]', suites=HELPER)
    ended = platform.deploy("test")
    assert ended.code == 0, ended.output
    for space in (platform.one, platform.two):
        applied = [line for line in ended.output.splitlines() if space in line and "applying" in line]
        assert [re.search(r"objects of (\w+)", line)[1] for line in applied] == ["helper", "tiny"]  # type: ignore[index]
    again = platform.deploy("test")
    assert again.code == 0, again.output
    assert "helper" not in again.output
    production = platform.run("deploy", "--app", "tiny", "--env", "production", "--approve")
    assert production.code == 0, production.output
    assert "helper" not in production.output


def test_one_that_is_needed_may_lean_on_the_address_of_another_that_comes_before_it(
    platform: Platform,
) -> None:
    base = HELPER.replace("helper", "base").replace("Helper", "Base")
    platform.configure(needs='needs = ["helper"]', suites=f'{HELPER}needs = ["base"]\n{base}')
    name = '{{ ("fb-base-" ~ space) | upper | replace("-", "_") }}_SERVICE_HOST'
    leans = f'- {{ name: BASE_URL, value: "http://$({name})" }}'
    platform.manifest(more_env=f'{{% if app == "helper" %}}{leans}{{% endif %}}')
    ended = platform.deploy()
    assert ended.code == 0, ended.output
    applied = [line for line in ended.output.splitlines() if "applying" in line]
    assert [re.search(r"objects of (\w+)", line)[1] for line in applied] == ["base", "helper", "tiny"]  # type: ignore[index]


def test_what_an_app_in_spaces_of_its_own_needs_is_deployed_where_that_goes(
    platform: Platform, sandbox: Sandbox
) -> None:
    own = f'needs = ["helper"]\nspaces = {{ test = ["{platform.three}"] }}'
    suite = HELPER + (
        "[apps.tiny.suites.smoke]\n"
        f'env.OTHER_URL = "{{url:helper@{platform.one}}}"\n'
        f'env.WORD = {{ secret = "word", key = "word", namespace = "ns-{platform.two}" }}\n'
    )
    platform.configure(needs=own, suites=suite)
    ended = platform.deploy("test")
    assert ended.code == 0, ended.output
    applied = re.findall(r"objects of (\w+) \S+ to ns-(\S+)", ended.output)
    assert sorted(applied[:2]) == sorted([("helper", platform.one), ("helper", platform.two)])
    assert applied[2:] == [("tiny", platform.three)]

    sandbox.api(
        "POST",
        f"/api/v1/namespaces/ns-{platform.two}/secrets",
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "word"},
            "stringData": {"word": "elsewhere"},
        },
    )
    tests = platform.folder / "tiny" / "tests" / "smoke"
    tests.mkdir(parents=True)
    (platform.folder / "tiny" / "requirements-test.txt").write_text("pytest\n")
    (tests / "test_other.py").write_text(
        "import os, urllib.request\n"
        "def test_other_spaces_are_reached():\n"
        "    assert urllib.request.urlopen(os.environ['OTHER_URL'] + '/health').status == 200\n"
        "    assert os.environ['WORD'] == 'elsewhere'\n"
    )
    smoke = platform.run("smoke", "--app", "tiny", "--env", "test")
    assert smoke.code == 0, smoke.output
    assert "1 smoke tests passed" in smoke.last

    only = f'{{% if app == "helper" and space == "{platform.two}" %}}command: [no-such-program]{{% endif %}}'
    sandbox.api(
        "DELETE", f"/apis/apps/v1/namespaces/ns-{platform.two}/deployments/fb-helper-app-{platform.two}"
    )
    platform.manifest(extra=only)
    failed = platform.deploy("test")
    assert failed.code == 1, failed.output
    assert f"{platform.two}: helper, which tiny needs: command cannot run" in failed.last


def test_a_need_that_cannot_be_deployed_keeps_the_app_from_its_space(platform: Platform) -> None:
    platform.configure(needs='needs = ["helper"]', suites=HELPER)
    only = f'{{% if app == "helper" and space == "{platform.two}" %}}command: [no-such-program]{{% endif %}}'
    platform.manifest(extra=only)
    ended = platform.deploy("test")
    assert ended.code == 1, ended.output
    assert f"why: {platform.two}: helper, which tiny needs: command cannot run" in ended.last
    found = platform.status("--env", "test", "--app", "tiny")
    assert [bool(row["version"]) for row in found] == [True, False]
