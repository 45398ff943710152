"""Starts all controllers on shared informers."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from sandbox.base.client import LONGEST_RETRY, SHORTEST_RETRY, ApiError, Client
from sandbox.controllers.housekeeping.discovery import Resource, discover
from sandbox.controllers.housekeeping.garbage import GarbageCollector
from sandbox.controllers.housekeeping.namespace import NamespaceController
from sandbox.controllers.housekeeping.quota import QuotaController
from sandbox.controllers.machinery.controller import Cluster, Controller
from sandbox.controllers.networking.endpoints import EndpointsController
from sandbox.controllers.placing.scheduler import Scheduler
from sandbox.controllers.placing.volumes import VolumeController
from sandbox.controllers.revisioned.daemonset import DaemonSetController
from sandbox.controllers.revisioned.statefulset import StatefulSetController
from sandbox.controllers.workloads.cronjob import CronJobController
from sandbox.controllers.workloads.deployment import DeploymentController
from sandbox.controllers.workloads.job import JobController
from sandbox.controllers.workloads.replicaset import ReplicaSetController

log = logging.getLogger(__name__)


async def run(server: str, token: str, *, ready: asyncio.Event | None = None) -> None:
    """Run the controllers against the API at ``server`` (a URL) until cancelled.

    The API may come later, go away and come back. ``ready`` is set once everything is listed and the
    controllers work.
    """
    async with Client(server, token, "kube-controller-manager") as client:
        resources = await _discovered(client)
        cluster = Cluster(client)
        controllers: list[Controller] = [
            NamespaceController(cluster, resources),
            Scheduler(cluster),
            ReplicaSetController(cluster),
            DeploymentController(cluster),
            JobController(cluster),
            CronJobController(cluster),
            StatefulSetController(cluster),
            DaemonSetController(cluster),
            EndpointsController(cluster),
            VolumeController(cluster),
            QuotaController(cluster),
            GarbageCollector(cluster, resources),
        ]
        async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            stack.push_async_callback(cluster.close)
            for informer in cluster.informers.values():
                tasks.create_task(informer.run())
            await asyncio.gather(*(informer.synced.wait() for informer in cluster.informers.values()))
            for controller in controllers:
                tasks.create_task(controller.run(), name=controller.name)
            if ready is not None:
                ready.set()
            log.info("%d controllers at work on %d kinds", len(controllers), len(cluster.informers))


async def _discovered(client: Client) -> list[Resource]:
    pause = SHORTEST_RETRY
    while True:
        try:
            return await discover(client)
        except ApiError as error:
            log.debug("waiting for the API: %s", error)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_RETRY)
