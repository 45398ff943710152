"""An API server whose authorizers do not all know their rules: what it tells of them is incomplete (EKS)."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any

from tests.scripts.api_double import Request

Json = dict[str, Any]
REVIEWS = "/apis/authorization.k8s.io/v1"
WHY = "webhook authorizer does not support user rule resolution"
Asked = tuple[str, str, str]
"""Verb, API group, resource with its subresource."""


class Authorizers:
    """What is told as rules, and what another authorizer allows besides; each question is noted."""

    def __init__(self, told: list[Json], more: Collection[Asked] = (), *, whole: bool = False) -> None:
        self.told, self.more, self.whole = told, more, whole
        self.asked: list[Asked] = []

    def answer(self, request: Request, otherwise: Callable[[Request], None]) -> None:
        """Answer a review; anything else is answered otherwise."""
        if request.path == f"{REVIEWS}/selfsubjectrulesreviews":
            status: Json = {"resourceRules": self.told, "nonResourceRules": [], "incomplete": not self.whole}
            request.json({"status": status if self.whole else {**status, "evaluationError": WHY}}, 201)
        elif request.path == f"{REVIEWS}/selfsubjectaccessreviews":
            about = json.loads(request.body)["spec"]["resourceAttributes"]
            resource = "/".join(filter(None, (about["resource"], about.get("subresource", ""))))
            asked = (about["verb"], about["group"], resource)
            self.asked.append(asked)
            request.json({"status": {"allowed": asked in self.more}}, 201)
        else:
            otherwise(request)
