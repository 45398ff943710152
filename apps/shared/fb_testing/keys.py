"""Key pairs, and a server that gives them out as the service token cache does."""

import base64

from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


class KeyServer:
    """Answers as the service token cache does, with `keys`: PEM by (slug, namespace).

    `cached` are given instead of them unless ignore_cache is asked for; `asked` lists the requests.
    """

    def __init__(self) -> None:
        self.keys: dict[tuple[str, str], str] = {}
        self.cached: dict[tuple[str, str], str] = {}
        self.asked: list[str] = []
        self.url = ""
        self.app = Starlette(
            routes=[
                Route("/v3/applications/{slug}/namespaces/{namespace}", self.answer),
                Route("/service/v2/{slug}", self.answer),
            ]
        )

    def reset(self, keys: dict[tuple[str, str], str]) -> None:
        """Forget everything but these keys."""
        self.keys, self.cached, self.asked = keys, {}, []

    async def answer(self, request: Request) -> Response:
        self.asked.append(str(request.url.path) + ("?" + request.url.query if request.url.query else ""))
        name = (request.path_params["slug"], request.path_params.get("namespace", "default"))
        keys = self.keys if request.query_params.get("ignore_cache") else {**self.keys, **self.cached}
        if name not in keys:
            return Response(status_code=404)
        return JSONResponse({"token": base64.b64encode(keys[name].encode()).decode()})


def key_pair() -> tuple[str, str]:
    """A new RSA key as PEM: private, public."""
    key = RSAKey.generate_key(2048)
    return key.as_pem(private=True).decode(), key.as_pem(private=False).decode()
