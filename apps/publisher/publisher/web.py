"""The web process: JSON API and pages."""

from fb_platform import web
from fb_platform.kubernetes import Cluster
from fb_platform.settings import number, setting
from starlette.applications import Starlette

from publisher import settings
from publisher.access import Access
from publisher.api import Api
from publisher.objects import MANAGER
from publisher.pages import Pages
from publisher.store import Store
from publisher.wishes import Wishes


def build() -> Starlette:
    """The app, from the environment."""
    wishes = Wishes(Store(settings.database()), Cluster(MANAGER), settings.spaces())
    access, limit = Access(settings.token()), int(number("MAX_BODY_BYTES", 1_000_000))
    pages = Pages(wishes, access, limit, setting("SECURE_COOKIE", "no") == "yes")
    return web.application([*Api(wishes, access, limit).routes(), *pages.routes()])


def main() -> None:
    web.serve("publisher-web", build)


if __name__ == "__main__":
    main()
