"""Which secrets a stage gets, and which of them the code of an app does."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.settings import secrecy
from toolkit.settings.config import Config

from tests import ROOT

SECRETS = {
    "SLACK_WEBHOOK": "https://hooks.example/x",
    "SLACK_TOKEN": "a-bots-token",
    "EKS_CLUSTER_NAME": "https://cluster.example",
    "EKS_CLUSTER_CERT": "LS0t",
    "EKS_TOKEN_TEST_DEV": "token-of-test",
    "EKS_TOKEN_LIVE_PRODUCTION": "token-of-live",
    "KUBECONFIG": "/home/ada/.kube/config",
    "AWS_SECRET_ACCESS_KEY": "aws",
    "GITHUB_TOKEN": "gh",
    "FORMS_KEY": "of-the-submitter",
    "RUNNER_FLAG": "of-the-runner",
    "NPM_RC": "of-the-runners-image",
}
PLAIN = {
    "PIP_CERT": "/ca.pem",
    "PIP_KEYRING_PROVIDER": "import",
    "NODE_EXTRA_CERT": "x",
    "PATH": "/bin",
    "HOME": "/home/ada",
    "PIP_INDEX_URL": "https://pypi.example",
    "ECR_REGISTRY": "r",
}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    text = (ROOT / "apps.toml").read_text()
    text = text.replace("[apps.submitter]\n", '[apps.submitter]\nvariables = ["FORMS_KEY"]\n', 1)
    secret = '[apps.runner.images.web]\nbuild_args = { NPM = { env = "NPM_RC" } }\n[apps.runner]\n'
    text = text.replace('images = { web = "Dockerfile" }\n', "", 1)
    text = text.replace("[apps.runner]\n", secret, 1)
    text = text.replace("[apps.runner]\n", '[apps.runner]\nvariables = ["RUNNER_FLAG"]\n', 1)
    (tmp_path / "apps.toml").write_text(text)
    return Config.load(tmp_path / "apps.toml")


TOKENS = {"EKS_CLUSTER_NAME", "EKS_CLUSTER_CERT", "EKS_TOKEN_TEST_DEV", "EKS_TOKEN_LIVE_PRODUCTION"}
OTHERS = {"AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN"}


@pytest.mark.parametrize(
    ("stage", "left"),
    [
        ("lint", {"FORMS_KEY"}),
        ("security", {"FORMS_KEY"}),
        ("unit", {"FORMS_KEY"}),
        ("build", {*OTHERS, "NPM_RC"}),
        ("deploy", {*TOKENS, *OTHERS, "FORMS_KEY", "NPM_RC"}),
        ("healthcheck", {*TOKENS, *OTHERS}),
        ("smoke", {*TOKENS, *OTHERS, "FORMS_KEY"}),
        ("acceptance", {*TOKENS, *OTHERS, "FORMS_KEY"}),
        ("watch", {*TOKENS, *OTHERS, "SLACK_WEBHOOK", "SLACK_TOKEN"}),
        ("rollback", {*TOKENS, *OTHERS, "FORMS_KEY"}),
        ("approve", set()),
        ("alert", {"SLACK_WEBHOOK", "SLACK_TOKEN"}),
        ("pipeline", set(SECRETS)),
    ],
)
def test_a_stage_has_what_it_needs_and_no_more(config: Config, stage: str, left: set[str]) -> None:
    environ = {**PLAIN, **SECRETS}
    cluster = config.clusters["cloud-platform"]
    taken = secrecy.confine(environ, stage, config, cluster, [config.apps["submitter"]])
    assert environ.keys() - PLAIN.keys() == left
    assert set(taken) == SECRETS.keys() - left
    assert environ.keys() >= PLAIN.keys()


def test_an_apps_own_code_sees_what_it_asks_for(config: Config) -> None:
    for name, left in (("submitter", {"FORMS_KEY"}), ("runner", {"RUNNER_FLAG"}), ("publisher", set())):
        cluster = config.clusters["cloud-platform"]
        seen = secrecy.for_the_app({**PLAIN, **SECRETS}, config, cluster, config.apps[name])
        assert seen.keys() - PLAIN.keys() == left


def test_every_stage_has_a_row() -> None:
    from toolkit.settings.names import STAGES

    assert set(STAGES) <= set(secrecy.ALLOWED)


def test_what_unlocks_values_is_for_the_deployment_alone(tmp_path: Path) -> None:
    text = (ROOT / "apps.toml").read_text()
    text += '\n[secrets.deploy]\npath = "x"\nunlock = "sops"\nkey = { env = "OPENER" }\n'
    text = text.replace('manifests = "deploy"', 'chart = "deploy"\nsecrets = "deploy"', 1)
    (tmp_path / "apps.toml").write_text(text)
    config = Config.load(tmp_path / "apps.toml")
    app, cluster = config.apps["submitter"], config.cluster(None)
    for stage in ("unit", "build", "deploy", "smoke", "watch", "rollback"):
        environ = {"OPENER": "the key"}
        secrecy.confine(environ, stage, config, cluster, [app])
        assert ("OPENER" in environ) is (stage == "deploy"), stage
    assert secrecy.for_the_app({"OPENER": "the key"}, config, cluster, app) == {}
