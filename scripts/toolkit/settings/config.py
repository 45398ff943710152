"""apps.toml to typed objects. Refuses what it does not know, with its path and the nearest known name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from toolkit.base.outcome import Misused
from toolkit.settings import consistency, names
from toolkit.settings.apps import environments as where
from toolkit.settings.apps.images import images
from toolkit.settings.apps.judged import judged
from toolkit.settings.apps.rendering import rendering
from toolkit.settings.apps.restarts import restart
from toolkit.settings.apps.suites import suite
from toolkit.settings.apps.suppressions import suppressions
from toolkit.settings.files import extending
from toolkit.settings.files.extending import Read
from toolkit.settings.model import NONE, AlertPolicy, App, Cluster, Environment, Place, SecurityPolicy
from toolkit.settings.tables import languages, policies
from toolkit.settings.tables.clusters import cluster
from toolkit.settings.tables.environments import environment
from toolkit.settings.tables.fields import Fields, name_error, nearest
from toolkit.settings.tables.languages import Commands
from toolkit.settings.tables.secrets import Secrets, secrets
from toolkit.settings.tables.ways import Ways, ways


class Config(NamedTuple):
    """Everything apps.toml says. `apps` is in the order of priority, `environments` in that of promotion.

    extended: the files of repositories elsewhere that it extends, with their commits; variables: those that
    hold addresses of repositories; ways: of each language, for code that is not an app's.
    """

    root: Path
    file: Path
    apps: dict[str, App]
    environments: dict[str, Environment]
    clusters: dict[str, Cluster]
    alert: AlertPolicy
    default_cluster: str
    security: SecurityPolicy
    extended: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    ways: Mapping[str, Ways] = NONE

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
        for each in self.environments.values():
            own = [space for app in self.apps.values() for space in app.spaces.get(each.name, ())]
            spaces = dict.fromkeys((*each.spaces, *own))
            if word in spaces:
                return Place(each, (word,))
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
        self.origin, self.extended, self.variables = read.origin, read.told, read.variables
        self.file = read.origin.main.path
        self.root = self.file.parent
        self.top = Fields(self.origin, "", read.table)
        self.languages: dict[str, dict[str, Commands]] = {}
        self.ways: dict[str, Ways] = {}
        self.secrets: dict[str, Secrets] = {}

    def read(self) -> Config:
        default_cluster = self.top.take("default_cluster", str)
        alert = policies.alert(self._table("alert"))
        security = policies.security(self._table("security"))
        environments = {name: environment(name, fields) for name, fields in self.top.tables("environments")}
        clusters = {name: cluster(name, fields, self.root) for name, fields in self.top.tables("clusters")}
        for name, fields in self.top.tables("languages"):
            self.languages[name] = languages.commands(fields, {}, self.root)
            self.ways[name] = ways(fields, Ways(), self.root)
            fields.done()
        self.secrets = {name: secrets(name, fields) for name, fields in self.top.tables("secrets")}
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
        suites = [each.repository for app in apps.values() for each in app.suites.values()]
        kept = [each.repository for each in self.secrets.values()]
        elsewhere = filter(None, (*(app.repository for app in apps.values()), *suites, *kept))
        remotes = [each.variable for each in elsewhere]
        said = (alert, default_cluster, security)
        told = (self.extended, (*self.variables, *filter(None, remotes)))
        return Config(self.root, self.file, apps, environments, clusters, *said, *told, self.ways)

    def _table(self, key: str) -> Fields:
        return Fields(self.origin, key, self.top.take(key, dict, {}))

    def _app(self, name: str, priority: int, fields: Fields, environments: dict[str, Environment]) -> App:
        remote = fields.remote("repository", "ref")
        places = (fields.take("path", str, "." if remote else None), fields.optional("context", str))
        path = fields.folder("path", places[0], self.root, remote)
        context = path if places[1] is None else fields.folder("context", places[1], self.root, remote)
        language = fields.take("language", str, "")
        if language and language not in self.languages:
            raise name_error(self.origin, f"apps.{name}.language", language, self.languages)

        mine = ways(fields, self.ways.get(language, Ways()), self.root)
        by_language = {**{name: each.suite for name, each in self.ways.items()}, language: mine.suite}
        going = where.going(fields, "environments", environments)

        made_of = rendering(fields, self.secrets)
        roles = images(fields, "images")
        restarting, theirs = restart(fields, "restart", roles)

        def allowed(fields: Fields) -> tuple[str, ...]:
            return where.names(fields, "environments", environments)

        said = languages.commands(fields, self.languages.get(language, {}), self.root)
        app = App(
            name=name,
            title=fields.take("title", str, name),
            priority=priority,
            path=path,
            namespace=fields.take("namespace", str, *([theirs] if theirs else [])),
            service=fields.take("service", str, *([""] if restarting else [])),
            common=self.origin.of(fields.where) is not self.origin.main,
            pending=fields.take("pending", str, ""),
            support=fields.take("support", bool, False),
            language=language,
            main_branch=fields.take("main_branch", str, "main"),
            context=context,
            repository=remote,
            inside=(places[0], places[0] if places[1] is None else places[1]),
            rendering=made_of,
            images=roles,
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
            environments=going.names,
            rules=going.rules,
            spaces=self._spaces(fields, environments),
            deadline=fields.seconds("deadline", "3m"),
            coverage=fields.take("coverage", int, 0),
            commands=said,
            suppressions=suppressions(
                fields, "suppressions", [row for rows in said.values() for row in rows]
            ),
            suites={
                kind: suite(kind, table, allowed, language, by_language)
                for kind, table in fields.tables("suites")
            },
            judge=judged(fields, "judge"),
            restart=restarting,
            ways=mine,
        )
        fields.done()
        if theirs and app.namespace != theirs:
            raise fields.error("restart", f'its namespace "{theirs}" is not the app\'s, "{app.namespace}"')
        return app

    def _spaces(self, fields: Fields, environments: dict[str, Environment]) -> dict[str, tuple[str, ...]]:
        inner = Fields(self.origin, f"{fields.where}.spaces", fields.take("spaces", dict, {}))
        own = {name: inner.texts(name) for name in environments}
        inner.done()
        return {name: spaces for name, spaces in own.items() if spaces}
