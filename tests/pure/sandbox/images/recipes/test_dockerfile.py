"""Dockerfile text to a recipe: the subset, and what is refused with file and line."""

from __future__ import annotations

import pytest

from sandbox.images.recipes.dockerfile import parse
from sandbox.images.recipes.errors import BuildError
from sandbox.images.recipes.recipe import Copy, Pip, Recipe, Workdir, read

USUAL = r"""
# syntax=docker/dockerfile:1
ARG PYTHON=3.11
FROM python:${PYTHON}-slim AS app
LABEL org.example.team="form builder" \
      org.example.tier=api
ARG VERSION=dev
ENV APP_VERSION=$VERSION \
    # a comment between lines
    GREETING="hello ${APP_VERSION:-nobody}" LEGACY=\$HOME

WORKDIR /srv
WORKDIR app
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --no-cache-dir --require-hashes -r requirements.txt && \
    python -m pip install 'six>=1'
COPY --chmod=755 --chown=1000:1000 ["src dir", "run.sh", "bin/"]
USER 1000
EXPOSE 3000 9090/tcp
STOPSIGNAL SIGINT
ENTRYPOINT ["python", "-m"]
CMD ["app"]
"""


def recipe(text: str, **build_args: str) -> Recipe:
    return read(parse(text, "docker/Dockerfile"), build_args, "3.11.7")


def test_a_usual_dockerfile() -> None:
    made = recipe(USUAL)
    assert made.python == "3.11"
    assert made.labels == {"org.example.team": "form builder", "org.example.tier": "api"}
    assert made.env == {
        "PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
        "PYTHON_VERSION": "3.11.7", "APP_VERSION": "dev", "GREETING": "hello nobody", "LEGACY": "$HOME",
    }  # fmt: skip
    assert [type(step) for step in made.steps] == [Workdir, Workdir, Copy, Pip, Copy]
    assert made.steps[1].path == "/srv/app"  # type: ignore[union-attr]
    first, pip, second = made.steps[2:]
    assert isinstance(first, Copy) and isinstance(pip, Pip) and isinstance(second, Copy)
    assert (first.sources, first.target) == (("requirements.txt",), "/srv/app/")
    assert pip.commands == (("--no-cache-dir", "--require-hashes", "-r", "requirements.txt"), ("six>=1",))
    assert pip.workdir == "/srv/app" and dict(pip.env)["VERSION"] == "dev"
    assert (second.sources, second.target, second.mode) == (("src dir", "run.sh"), "/srv/app/bin/", 0o755)
    assert made.config() == {
        "env": made.env, "labels": made.labels, "exposed": ["3000", "9090/tcp"],
        "entrypoint": ["python", "-m"], "cmd": ["app"], "workdir": "/srv/app", "user": "1000",
        "stopSignal": "SIGINT",
    }  # fmt: skip


def test_build_arguments_replace_defaults() -> None:
    assert recipe(USUAL, VERSION="1.2", PYTHON="3.10").env["APP_VERSION"] == "1.2"
    assert recipe(USUAL, PYTHON="3.10").python == "3.10"


def test_an_argument_before_from_is_seen_after_it_only_when_declared_again() -> None:
    text = "ARG A=1\nFROM python:3\n{}ENV B=x$A\n"
    assert recipe(text.format("")).env["B"] == "x"
    assert recipe(text.format("ARG A\n")).env["B"] == "x1"


def test_variables_of_one_env_line_see_the_values_before_it() -> None:
    """Docker: the whole instruction uses the values from before it."""
    assert recipe("FROM python:3\nENV A=1\nENV A=2 B=$A").env["B"] == "1"


def test_shell_form_commands_go_through_sh() -> None:
    made = recipe("FROM python:3\nENTRYPOINT exec gunicorn $APP\nCMD []")
    assert made.entrypoint == ["/bin/sh", "-c", "exec gunicorn $APP"]
    assert made.cmd == []


def test_a_new_entrypoint_drops_the_cmd_before_it() -> None:
    assert recipe('FROM python:3\nCMD ["a"]\nENTRYPOINT ["b"]').cmd is None


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("", 1, "no FROM"),
        ("RUN pip install x\nFROM python:3", 1, "only ARG may come before FROM"),
        ("FROM python:3\nFROM python:3", 2, "one stage only"),
        ("FROM node:20", 1, "python images only"),
        ("FROM ruby:3.2 AS build\nHEALTHCHECK NONE\nFROM scratch", 1, "python images only"),
        ("ARG V=3\nFROM --platform=linux/amd64 ruby:$V\nADD a b", 2, "ruby:3: the sandbox builds on python"),
        ("FROM python:3\nRUN apt-get update\nFROM python:3\nVOLUME /x", 2, "only `pip install`"),
        ("FROM python:3\nRUN <<EOF\napt-get update\nEOF\nADD a b", 2, "here-documents"),
        ("COPY a b\nFORM x\nFROM node:20", 3, "python images only"),
        ("FROM python:3 AS", 1, "write FROM"),
        ("FROM python:3\n\nADD x y", 3, "use COPY"),
        ("FROM python:3\nHEALTHCHECK CMD x", 2, "use the probes"),
        ("FROM python:3\nVOLUME /data", 2, "volumes of the manifest"),
        ("FROM python:3\nFORM x", 2, "not an instruction"),
        ("FROM python:3\nRUN apt-get update", 2, "only `pip install`"),
        ("FROM python:3\nRUN pip install x; rm -rf /", 2, "only `pip install`"),
        ("FROM python:3\nRUN pip install x | tee log", 2, "only `pip install`"),
        ("FROM python:3\nRUN pip install $(cat x)", 2, "command substitution"),
        ("FROM python:3\nRUN pip install x > log", 2, "only `pip install`"),
        ("FROM python:3\nRUN pip freeze", 2, "only `pip install`"),
        ("FROM python:3\nRUN python setup.py install", 2, "only `pip install`"),
        ("FROM python:3\nRUN pip install -e .", 2, "pip install -e is not supported"),
        ("FROM python:3\nRUN pip install --target=/x y", 2, "--target is not supported"),
        ("FROM python:3\nRUN --mount=type=secret,id=x pip install y", 2, "only type=cache"),
        ("FROM python:3\nRUN <<EOF\npip install x\nEOF", 2, "here-documents"),
        ("FROM python:3\nCOPY --from=build /a /b", 2, "--from is not supported"),
        ("FROM python:3\nCOPY a", 2, "needs a source and a destination"),
        ("FROM python:3\nCOPY a b c", 2, "must end in /"),
        ("FROM python:3\nCOPY a ../b", 2, ".. is not supported"),
        ("FROM python:3\nCOPY --chmod=u+x a b", 2, "octal"),
        ('FROM python:3\nCOPY "a b', 2, "no closing quotation"),
        ("FROM python:3\nENV A", 2, "needs a value"),
        ("FROM python:3\nENV A=1 B", 2, "write NAME=value"),
        ("FROM python:3\nEXPOSE web", 2, "not a port"),
        ("FROM python:3\nCMD [1]", 2, "strings only"),
        ("FROM python:3\nSTOPSIGNAL please", 2, "not a signal"),
        ("FROM python:3\nARG 1A=x", 2, "not a name"),
        ("FROM python:3\nWORKDIR", 2, "needs an argument"),
        ("# escape=`\nFROM python:3", 1, "escape directive"),
        ("FROM python:3\nENV A=1 \\\n    B", 2, "write NAME=value"),
    ],
)
def test_what_is_refused_names_file_and_line(text: str, where: int, why: str) -> None:
    with pytest.raises(BuildError) as refused:
        recipe(text)
    assert str(refused.value).startswith(f"docker/Dockerfile:{where}: ")
    assert why in str(refused.value)


def test_an_undeclared_build_argument_is_refused() -> None:
    with pytest.raises(BuildError, match="NOPE is given, but the Dockerfile has no ARG NOPE"):
        recipe("FROM python:3", NOPE="1")


@pytest.mark.parametrize("name", ["python", "python:latest", "docker.io/library/python:3.11-slim-bookworm"])
def test_python_images_of_many_names(name: str) -> None:
    assert recipe(f"FROM {name}").python in ("", "3.11")
