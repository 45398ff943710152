"""apps.toml to typed objects. Refuses what it does not know, with its path and the nearest known name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from toolkit.base.outcome import Misused
from toolkit.settings import consistency, names
from toolkit.settings.files import extending
from toolkit.settings.files.extending import Read
from toolkit.settings.model import (
    ASKED,
    PROTECTED,
    AlertPolicy,
    App,
    Cluster,
    Environment,
    Place,
    Ref,
    SecurityPolicy,
    Suite,
)
from toolkit.settings.sandbox import KUBECONFIG
from toolkit.settings.toml_table import Fields, name_error, nearest

STAGES_BY_LANGUAGE = ("lint", "security", "unit")
SUITES = ("smoke", "acceptance")
Commands = tuple[tuple[str, ...], ...]


class Config(NamedTuple):
    """Everything apps.toml says. `apps` is in the order of priority, `environments` in that of promotion."""

    root: Path
    file: Path
    apps: dict[str, App]
    environments: dict[str, Environment]
    clusters: dict[str, Cluster]
    alert: AlertPolicy
    default_cluster: str
    security: SecurityPolicy

    @classmethod
    def load(cls, file: Path) -> Config:
        """Read a file and what it extends; raises Misused with the file, the path in it, and the nearest
        known name."""
        return _Reader(extending.read(file)).read()

    def app(self, name: str) -> App:
        """The app of that name; Misused lists what there is."""
        if name not in self.apps:
            raise Misused(
                f"APP={name}: there is no such app{nearest(name, self.apps)}",
                remedy=f"apps: {', '.join(self.apps)}",
            )
        return self.apps[name]

    def needs_of(self, app: App) -> list[App]:
        """What an app needs, directly or not; an app comes after those that it needs itself."""
        found: dict[str, App] = {}

        def visit(each: App) -> None:
            for need in each.needs:
                if need not in found:
                    visit(self.apps[need])
                    found[need] = self.apps[need]

        visit(app)
        return list(found.values())

    def place(self, word: str) -> Place:
        """What ENV= names, an environment or a space; Misused lists what there is."""
        if word in self.environments:
            return self.environments[word].everywhere
        known = list(self.environments)
        for environment in self.environments.values():
            own = [space for app in self.apps.values() for space in app.spaces.get(environment.name, ())]
            spaces = dict.fromkeys((*environment.spaces, *own))
            if word in spaces:
                return Place(environment, (word,))
            known += [space for space in spaces if space not in known]
        raise Misused(
            f"ENV={word}: there is no such environment or space{nearest(word, known)}",
            remedy=f"environments and spaces: {', '.join(known)}",
        )

    def cluster(self, name: str | None) -> Cluster:
        """The cluster of that name, the default one for None; Misused lists what there is."""
        wanted = name or self.default_cluster
        if wanted not in self.clusters:
            raise Misused(
                f"CLUSTER={wanted}: there is no such cluster{nearest(wanted, self.clusters)}",
                remedy=f"clusters: {', '.join(self.clusters)}",
            )
        return self.clusters[wanted]


class _Reader:
    def __init__(self, read: Read) -> None:
        self.origin = read.origin
        self.file = read.origin.main.path
        self.root = self.file.parent
        self.top = Fields(self.origin, "", read.table)
        self.languages: dict[str, dict[str, Commands]] = {}

    def read(self) -> Config:
        default_cluster = self.top.take("default_cluster", str)
        alert = self._alert()
        security = self._security()
        environments = {
            name: self._environment(name, fields) for name, fields in self.top.tables("environments")
        }
        clusters = {name: self._cluster(name, fields) for name, fields in self.top.tables("clusters")}
        for name, fields in self.top.tables("languages"):
            self.languages[name] = self._commands(fields, {})
            fields.done()
        tables = self.top.tables("apps")
        self.top.done()
        apps = {
            name: self._app(name, priority, fields, environments)
            for priority, (name, fields) in enumerate(tables, start=1)
        }
        if default_cluster not in clusters:
            raise name_error(self.origin, "default_cluster", default_cluster, clusters)
        consistency.some(self.origin, apps)
        names.check(self.origin, apps, environments)
        consistency.spaces(self.origin, environments)
        consistency.needs(self.origin, apps)
        return Config(self.root, self.file, apps, environments, clusters, alert, default_cluster, security)

    def _alert(self) -> AlertPolicy:
        fields = Fields(self.origin, "alert", self.top.take("alert", dict, {}))
        policy = AlertPolicy(
            fields.take("channel", str, ""),
            fields.ref("webhook") or Ref("SLACK_WEBHOOK"),
            fields.ref("token") or Ref("SLACK_TOKEN"),
            fields.ref("to") or Ref("SLACK_CHANNEL"),
        )
        fields.done()
        return policy

    def _security(self) -> SecurityPolicy:
        fields = Fields(self.origin, "security", self.top.take("security", dict, {}))
        policy = SecurityPolicy(
            fields.seconds("advisories_warn_after", "30d"),
            fields.seconds("advisories_fail_after", "0s") or None,
            fields.texts("ask", ("registry",)),
        )
        for word in policy.ask:
            if word not in ASKED:
                raise fields.error("ask", f'"{word}" is not one of {", ".join(ASKED)}{nearest(word, ASKED)}')
        fields.done()
        return policy

    def _environment(self, name: str, fields: Fields) -> Environment:
        environment = Environment(
            name,
            fields.texts("spaces"),
            fields.texts("branches"),
            fields.choice("approval", ("auto", "manual"), "auto"),
            fields.seconds("soak", "0s"),
            fields.choice("rollback", ("auto", "manual"), "manual"),
            fields.seconds("advisories_fail_after", "0s") or None,
        )
        fields.done()
        if not environment.spaces:
            raise fields.error("spaces", "must name at least one space")
        return environment

    def _cluster(self, name: str, fields: Fields) -> Cluster:
        builder = fields.choice("builder", ("sandbox", "docker"), "docker")
        kubeconfig = fields.ref_or_text("kubeconfig")
        cluster = Cluster(
            name,
            builder=builder,
            provision=fields.take("provision", bool, False),
            registry=fields.ref("registry"),
            kubeconfig=self._kubeconfig(fields, kubeconfig, builder)
            if isinstance(kubeconfig, str)
            else kubeconfig,
            context=fields.ref_or_text("context"),
            server=fields.ref("server"),
            certificate=fields.ref("certificate"),
            token=fields.ref("token"),
            protected=fields.texts("protected") or PROTECTED,
        )
        fields.done()
        if not cluster.kubeconfig and not cluster.server:
            raise fields.error("", "needs a kubeconfig, or server, certificate and token")
        return cluster

    def _kubeconfig(self, fields: Fields, given: str, builder: str) -> Path:
        """From the folder of the file that names it; the sandbox's, which it makes itself, from that of the
        file that was asked for: it is state."""
        made = builder == "sandbox" and Path(given).name == KUBECONFIG
        return (self.root if made else fields.file("kubeconfig").folder) / Path(given).expanduser()

    def _commands(self, fields: Fields, inherited: dict[str, Commands]) -> dict[str, Commands]:
        own = {stage: fields.commands(stage) for stage in STAGES_BY_LANGUAGE}
        return {
            **inherited,
            **{stage: self._rooted(fields, stage, rows) for stage, rows in own.items() if rows is not None},
        }

    def _rooted(self, fields: Fields, stage: str, rows: Commands) -> Commands:
        """The rows of a stage: {root} in those of another file is the folder of that file."""
        folder = fields.file(stage).folder
        if folder == self.root:
            return rows
        return tuple(tuple(word.replace("{root}", str(folder)) for word in row) for row in rows)

    def _app(self, name: str, priority: int, fields: Fields, environments: dict[str, Environment]) -> App:
        path = self._folder(fields, "path", fields.take("path", str))
        language = fields.take("language", str, "")
        if language and language not in self.languages:
            raise name_error(self.origin, f"apps.{name}.language", language, self.languages)
        context = fields.optional("context", str)
        app = App(
            name=name,
            title=fields.take("title", str, name),
            priority=priority,
            path=path,
            namespace=fields.take("namespace", str),
            service=fields.take("service", str),
            common=self.origin.of(fields.where) is not self.origin.main,
            pending=fields.take("pending", str, ""),
            support=fields.take("support", bool, False),
            language=language,
            main_branch=fields.take("main_branch", str, "main"),
            context=path if context is None else self._folder(fields, "context", context),
            images=fields.images("images"),
            manifests=fields.take("manifests", str, "deploy"),
            port=fields.take("port", int, 80),
            url=fields.optional("url", str),
            page=fields.optional("page", str),
            hint=fields.take("hint", str, ""),
            health=fields.take("health", str, "/health"),
            readiness=fields.optional("readiness", str),
            version=fields.optional("version", str),
            needs=fields.texts("needs"),
            variables=fields.texts("variables"),
            environments=self._environments(fields, "environments", environments),
            spaces=self._spaces(fields, environments),
            deadline=fields.seconds("deadline", "3m"),
            coverage=fields.take("coverage", int, 0),
            commands=self._commands(fields, self.languages.get(language, {})),
            suppressions=fields.suppressions("suppressions"),
            suites={kind: self._suite(kind, suite, environments) for kind, suite in fields.tables("suites")},
            judge=fields.judge("judge"),
        )
        fields.done()
        return app

    def _folder(self, fields: Fields, key: str, given: str) -> Path:
        """A folder, from where its file is or from anywhere, without links: it belongs to where it lies."""
        if "\0" in given:
            raise fields.error(key, "must not hold a NUL character")
        return Path(os.path.realpath(fields.file(key).folder / given))

    def _environments(
        self, fields: Fields, key: str, environments: dict[str, Environment]
    ) -> tuple[str, ...]:
        names = fields.texts(key)
        for name in names:
            if name not in environments:
                raise name_error(self.origin, f"{fields.where}.{key}", name, environments)
        return names

    def _spaces(self, fields: Fields, environments: dict[str, Environment]) -> dict[str, tuple[str, ...]]:
        inner = Fields(self.origin, f"{fields.where}.spaces", fields.take("spaces", dict, {}))
        own = {name: inner.texts(name) for name in environments}
        inner.done()
        return {name: spaces for name, spaces in own.items() if spaces}

    def _suite(self, kind: str, fields: Fields, environments: dict[str, Environment]) -> Suite:
        if kind not in SUITES:
            raise fields.error("", f"unknown suite{nearest(kind, SUITES)}")
        suite = Suite(
            path=fields.take("path", str, f"tests/{kind}"),
            workers=fields.take("workers", int, 1),
            deadline=fields.seconds("deadline", "5m"),
            environments=self._environments(fields, "environments", environments),
            env=fields.suite_env("env"),
        )
        fields.done()
        return suite
