"""What the pipeline reads: the file that all share, and pipeline.toml of each repository."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from tests.skeletons.table import Skeleton

COMMON = """
default_cluster = "{cluster}"

[environments.test]
spaces = ["test-dev", "test-production"]

[environments.production]
spaces = ["live-dev", "live-production"]
branches = ["{{main_branch}}"]
soak = "{soak}"
rollback = "auto"

[clusters.sandbox]
builder = "sandbox"
provision = true
kubeconfig = "{kubeconfig}"

[clusters.cloud-platform]
builder = "docker"
registry = {{ env = "REGISTRY" }}
server = {{ env = "EKS_CLUSTER_NAME" }}
certificate = {{ env = "EKS_CLUSTER_CERT" }}
token = {{ env = "EKS_TOKEN_{{NAMESPACE}}" }}

[secrets.deploy]
repository = "{secrets}"
ref = "main"

[languages.ruby]
prepare = [["bundle", "install"]]
lockfiles = ["Gemfile.lock"]
env.BUNDLE_PATH = "{{cache}}/bundle"
suite = ["bundle", "exec", "rspec", "{{path}}", "-f", "RspecJunitFormatter", "-o", "{{report}}"]
[[languages.ruby.lint]]
command = ["bundle", "exec", "rubocop", "--format", "json", "--out", "{{report}}"]
format = "rubocop"
[[languages.ruby.security]]
command = ["bundle", "exec", "brakeman", "--format", "json", "--output", "{{report}}"]
format = "brakeman"
[[languages.ruby.security]]
command = ["bundle", "exec", "bundle-audit", "check", "--format", "json", "--output", "{{report}}"]
format = "bundler-audit"
[[languages.ruby.unit]]
command = ["bundle", "exec", "rspec", "spec/app_spec.py", "-f", "RspecJunitFormatter", "-o", "{{report}}"]
format = "junit"
coverage = "coverage/.resultset.json"

[languages.node]
prepare = [["npm", "ci"]]
lockfiles = ["package-lock.json"]
security = [["npm", "audit"]]
suite = ["npm", "test", "--", "{{path}}", "--test-reporter-destination={{report}}"]
[[languages.node.lint]]
command = ["npx", "eslint", ".", "--format", "json", "--output-file", "{{report}}"]
format = "eslint"
[[languages.node.unit]]
command = ["npm", "test", "--", "spec/app_spec.py", "--test-reporter-destination={{report}}"]
format = "junit"
coverage = "coverage/cobertura-coverage.xml"
"""

PIPELINE = """# The pipeline of {repository}.
extends = {{ repository = "{common}", ref = "{commit}", file = "common.toml" }}

[apps.{name}]
title = "{title}"
path = "."
language = "{language}"
main_branch = "{main}"
namespace = "{namespace}"
service = "{service}"
health = "/health"
version = "/version"
deadline = "3m"
coverage = 60
"""
SMOKE = """
[apps.{name}.suites.smoke]
path = "spec/smoke"
deadline = "60s"
env.URL = "{{url}}"
"""
ACCEPTANCE = """
[apps.{name}.suites.acceptance]
repository = "{suites}"
ref = "main"
path = "spec/{name}"
language = "ruby"
deadline = "60s"
environments = ["test"]
env.URL = "{{url}}"
env.SPACE = "{{space}}"
"""


class Settings(NamedTuple):
    """What differs between where the story is told."""

    cluster: str
    kubeconfig: str = ".sandbox/kubeconfig"
    soak: str = "1s"


class Pinned(Protocol):
    """A repository at its commit."""

    @property
    def url(self) -> str: ...

    @property
    def head(self) -> str: ...


def common(settings: Settings, secrets: str) -> str:
    """common.toml: environments, clusters, languages and where the secrets are."""
    return COMMON.format(**settings._asdict(), secrets=secrets)


def pipeline(skeleton: Skeleton, shared: Pinned, suites: str) -> str:
    """pipeline.toml of an app."""
    name = skeleton.name
    text = PIPELINE.format(
        repository=skeleton.repository,
        common=shared.url,
        commit=shared.head,
        name=name,
        title=name.replace("-", " ").capitalize(),
        language=skeleton.language,
        main=skeleton.main,
        namespace=skeleton.namespace.format("{space}"),
        service=skeleton.service("{space}"),
    )
    if skeleton.probe != "/health":
        text += f'readiness = "{skeleton.probe}"\n'
    if skeleton.places != [*_usual()]:
        spaces = ", ".join(f"{key} = {list(value)}" for key, value in skeleton.spaces.items()).replace(
            "'", '"'
        )
        text += f"spaces = {{ {spaces} }}\n"
    text += "".join(_images(skeleton)) + (_restart(skeleton) if skeleton.restarts else _chart(skeleton))
    text += SMOKE.format(name=name)
    return text + (ACCEPTANCE.format(name=name, suites=suites) if skeleton.acceptance else "")


def _usual() -> list[tuple[str, str]]:
    return [
        ("test", "test-dev"),
        ("test", "test-production"),
        ("production", "live-dev"),
        ("production", "live-production"),
    ]


def _images(skeleton: Skeleton) -> list[str]:
    """A worker's image is in another registry, as the team has it."""
    return [
        f'images.{role} = {{ dockerfile = "{dockerfile}", repository = "fb-{skeleton.name}-{role}",'
        + (
            ' build_args = { APP_SHA = "{commit}" }'
            if skeleton.restarts
            else ' build_args = { BUILT_BY = "us" }'
        )
        + (', registry = { env = "WORKERS_REGISTRY" }' if role in skeleton.workers else "")
        + " }\n"
        for role, dockerfile in skeleton.images.items()
    ]


def _chart(skeleton: Skeleton) -> str:
    images = ", ".join(f'{role} = "{{image.{role}}}"' for role in skeleton.images)
    return (
        f'chart = "{skeleton.chart}"\n'
        f'values = ["values.yaml", "{{secrets}}/{skeleton.repository}/{{space}}.yaml"]\n'
        f'set = {{ circleSha1 = "{{commit}}", environmentName = "{{space}}", app_name = "{skeleton.name}",'
        f' namespace = "{{namespace}}", images = {{ {images} }} }}\n'
        'secrets = "deploy"\n'
    )


def _restart(skeleton: Skeleton) -> str:
    return (
        f'restart = {{ selector = "appGroup=fb-{skeleton.name}", image = "{skeleton.web}", wave = "50%" }}\n'
    )
