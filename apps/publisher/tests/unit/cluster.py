"""A Kubernetes API in miniature: keeps objects, and says of Deployments what a test wants."""

import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Object = dict[str, Any]
KINDS = {"configmaps": "ConfigMap", "secrets": "Secret", "services": "Service", "deployments": "Deployment"}


@dataclass
class MiniCluster:
    """`unready` and `doomed`: names of Deployments whose latest revision is on its way, or past its deadline.

    `lingering`: what is deleted stays, marked, until it is taken out of the set. `refused`: (method, plural)
    to (status, message). `calls`: (method, plural, name) of every request that was no GET and no dry run.
    """

    objects: dict[tuple[str, str, str], Object] = field(default_factory=dict)
    pods: list[Object] = field(default_factory=list)
    unready: set[str] = field(default_factory=set)
    doomed: set[str] = field(default_factory=set)
    lingering: set[str] = field(default_factory=set)
    refused: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    rehearsed: int = 0
    is_down: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    def put(self, kind: str, namespace: str, name: str, **parts: Any) -> Object:
        """Somebody else makes an object."""
        metadata = {"name": name, "namespace": namespace, "uid": str(uuid.uuid4()), "generation": 1}
        plural = next(plural for plural, each in KINDS.items() if each == kind)
        made = {"kind": kind, "metadata": metadata, **parts}
        self.objects[plural, namespace, name] = made
        return made

    def found(self, plural: str, namespace: str, name: str) -> Object | None:
        return self.objects.get((plural, namespace, name))

    def names(self, namespace: str) -> set[str]:
        return {f"{plural}/{name}" for plural, where, name in self.objects if where == namespace}

    def writes(self, plural: str) -> list[str]:
        return [name for _, each, name in self.calls if each == plural]

    def end(self, name: str) -> None:
        """What lingered is gone."""
        self.lingering.discard(name)
        for key in [key for key in self.objects if key[2] == name]:
            if self.objects[key]["metadata"].get("deletionTimestamp"):
                del self.objects[key]

    def app(self) -> Starlette:
        methods = ["GET", "POST", "PATCH", "DELETE"]
        roots = ("/api/v1/namespaces/{ns}/{plural}", "/apis/apps/v1/namespaces/{ns}/{plural}")
        routes = [
            Route(root + tail, self.answer, methods=methods) for root in roots for tail in ("", "/{name}")
        ]
        return Starlette(routes=routes)

    async def answer(self, request: Request) -> Response:
        body = await request.json() if await request.body() else {}
        with self.lock:
            return self._answer(request, body)

    def _answer(self, request: Request, body: Object) -> Response:
        method, plural, namespace = request.method, request.path_params["plural"], request.path_params["ns"]
        name = request.path_params.get("name") or body.get("metadata", {}).get("name", "")
        if self.is_down or request.headers["authorization"] != "Bearer token":
            return JSONResponse({"message": "away"}, 503)
        if (method, plural) in self.refused:
            status, message = self.refused[method, plural]
            return JSONResponse({"message": message}, status)
        if plural == "pods":
            return JSONResponse({"items": self.pods})
        assert f"/{KINDS[plural].lower()}s" in request.url.path
        key = (plural, namespace, name)
        if request.query_params.get("dryRun"):
            self.rehearsed += 1
            return JSONResponse(body)
        if method != "GET":
            self.calls.append((method, plural, name))
        match method:
            case "POST" if key in self.objects:
                return JSONResponse({"message": f"{name} already exists"}, 409)
            case "POST" | "PATCH":
                assert request.query_params["fieldManager"] == "fb-publisher"
                assert (method == "PATCH") == ("apply" in request.headers["content-type"])
                return JSONResponse(self._written(key, body))
            case "DELETE" if key in self.objects:
                assert body["preconditions"] == {"uid": self.objects[key]["metadata"]["uid"]}
                self.objects[key]["metadata"]["deletionTimestamp"] = "now"
                if name not in self.lingering:
                    del self.objects[key]
                return JSONResponse({"status": "Success"})
            case "GET" if key in self.objects:
                return JSONResponse(self._with_status(key))
        return JSONResponse({"message": f"{plural} {name} not found"}, 404)

    def _written(self, key: tuple[str, str, str], body: Object) -> Object:
        before = self.objects.get(key)
        old = before["metadata"] if before else {"uid": str(uuid.uuid4()), "generation": 0}
        changed = before is None or before.get("spec") != body.get("spec")
        metadata = {**body["metadata"], "uid": old["uid"], "generation": old["generation"] + changed}
        self.objects[key] = {**body, "metadata": metadata}
        if key[0] == "services":
            self.objects[key]["spec"] = {**body["spec"], "clusterIP": "127.9.9.9"}
        return self.objects[key]

    def _with_status(self, key: tuple[str, str, str]) -> Object:
        found = self.objects[key]
        if key[0] != "deployments":
            return found
        count = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
        status: Object = {"observedGeneration": found["metadata"]["generation"], **count}
        if key[2] in self.unready | self.doomed:
            status["availableReplicas"] = 0
        if key[2] in self.doomed:
            condition = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
            status["conditions"] = [condition]
        return {**found, "status": status}
