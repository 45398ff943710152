"""The CI definitions and the documents name the variables that apps.toml leads to, and no other."""

from __future__ import annotations

import re

import pytest
from toolkit.cluster.access import variables
from toolkit.settings.config import Config

from tests import ROOT
from tests.scripts.ci.test_definitions import GITHUB, github_jobs, job_of, load


def variables_of(*environments: str) -> list[variables.Variable]:
    config = Config.load(ROOT / "apps.toml")
    places = [config.place(each) for each in environments]
    return variables.needed(config, config.cluster("cloud-platform"), config.apps.values(), places)


def test_on_github_a_job_gets_the_tokens_of_its_environment_and_no_other() -> None:
    names = {each: {one.name for one in variables_of(each)} for each in ("test", "production")}
    common = names["test"] & names["production"]
    assert common <= set(load(GITHUB)["env"])
    for name, command, job in github_jobs():
        stage, environment = job_of(command)
        given = {each for each in job.get("env", {}) if each.startswith("EKS_TOKEN_")}
        wanted = names[environment] - common if environment and stage != "approve" else set()
        assert given == wanted, name
        assert all(job["env"][each] == f"${{{{ secrets.{each} }}}}" for each in given)


@pytest.mark.parametrize("file", ["README.md", "ci/README.md"])
def test_the_documents_name_the_variables_that_apps_toml_leads_to_and_no_other(file: str) -> None:
    said = set(re.findall(r"\b(?:EKS|ECR)_[A-Z_]*[A-Z]\b", (ROOT / file).read_text()))
    assert said == {each.name for each in variables_of("test", "production")}
