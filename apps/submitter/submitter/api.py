"""The web side: takes submissions from the runner and puts them into the queue."""

import time
import uuid
from typing import Annotated

import msgspec
from fb_platform import web
from fb_platform.pool import WorkPool
from fb_platform.settings import number, setting
from fb_platform.tokens import NAME, TokenCache
from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from submitter import settings, submission
from submitter.queue import Queue, Queued


class Envelope(msgspec.Struct):
    """The body of a POST: the submission itself is encrypted."""

    encrypted_submission: str
    service_slug: Annotated[str, msgspec.Meta(pattern=rf"^{NAME.pattern}\Z")]
    # goes on as a header, to the filestore and the pdf generator
    encrypted_user_id_and_token: Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e]{0,8000}\Z")]


class Api:
    """Handlers of the submitter's routes."""

    def __init__(self, queue: Queue, tokens: TokenCache, key: str, limit: int) -> None:
        self.queue, self.tokens, self.key, self.limit = queue, tokens, key, limit
        self.database = WorkPool("database", queue.prepare)
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.received = Counter(
            "submitter_submissions_received", "Submissions by answer", ["status"], registry=self.registry
        )
        self.gauges = {
            "waiting": Gauge("submitter_waiting", "Submissions not yet sent out", registry=self.registry),
            "failed": Gauge("submitter_failed", "Submissions given up, kept", registry=self.registry),
            "overdue": Gauge(
                "submitter_overdue_seconds",
                "How long the first due submission has waited",
                registry=self.registry,
            ),
        }

    async def submit(self, request: Request) -> Response:
        """POST /v2/submissions: 201 {} with the submission's address in Location."""
        try:
            identity = await self._accept(request)
        except HTTPException as refusal:
            self.received.labels(refusal.status_code).inc()
            raise
        self.received.labels(201).inc()
        return JSONResponse({}, 201, {"Location": f"/v2/submissions/{identity}"})

    async def state(self, request: Request) -> Response:
        """GET /v2/submissions/<id>: {"state": ...}, for its own service only. An addition to the contract."""
        caller = await self.tokens.caller(request)
        state = await self.database.run(lambda: self.queue.state(request.path_params["id"], caller.service))
        if state is None:
            raise HTTPException(404, "no such submission")
        return JSONResponse({"state": state})

    async def metrics(self, _: Request) -> Response:
        """GET /metrics: this process's counters and the state of the queue, as Prometheus reads them."""
        for name, figure in (await self.database.run(self.queue.figures)).items():
            self.gauges[name].set(figure)
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)

    async def ready(self) -> None:
        """Raises unless the database answers."""
        await self.database.run(self.queue.ping)

    async def _accept(self, request: Request) -> str:
        caller = await self.tokens.caller(request)
        try:
            envelope = msgspec.convert(await web.json_body(request, self.limit), Envelope)
            submission.parse(submission.decrypt(envelope.encrypted_submission, self.key))
        except (msgspec.ValidationError, submission.Invalid) as problem:
            raise HTTPException(422, str(problem)) from None
        if envelope.service_slug != caller.service:
            raise HTTPException(403, "service_slug is not the service that signed the token")
        item = Queued(
            id=str(uuid.uuid4()),
            service=caller.service,
            namespace=caller.namespace,
            user=caller.user,
            request_id=request.state.request_id,
            encrypted_submission=envelope.encrypted_submission,
            encrypted_user=envelope.encrypted_user_id_and_token,
            received_at=time.time(),
        )
        await self.database.run(lambda: self.queue.put(item))
        web.logs.info("accepted", submission=item.id, service=item.service, request_id=item.request_id)
        return item.id


def build() -> Starlette:
    """The app, from the environment."""
    api = Api(
        Queue(settings.database()),
        TokenCache(setting("SERVICE_TOKEN_CACHE_ROOT_URL")),
        settings.decryption_key(),
        int(number("MAX_BODY_BYTES", 5_000_000)),
    )
    routes = [
        Route("/v2/submissions", api.submit, methods=["POST"]),
        Route("/v2/submissions/{id}", api.state),
        Route("/metrics", api.metrics),
    ]
    return web.application(routes, ready=api.ready, lifespan=api.tokens.lifespan)


def main() -> None:
    web.serve("submitter-api", build)


if __name__ == "__main__":
    main()
