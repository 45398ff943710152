"""Tells the alert channel how a run ended, and sends what could not be sent before."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser

from toolkit.alerting import alerts, outbox, slack
from toolkit.base.outcome import Outcome
from toolkit.settings import command
from toolkit.watch import channel


def alert(request: command.Request) -> Outcome:
    """Keep the alert of the run, then send whatever waits. Never fails for want of delivery."""
    box = outbox.Outbox(request.root / ".pipeline" / "alerts")
    policy, options = request.config.alert, request.options
    if options.app:
        run = alerts.chosen(
            request.config,
            options.app,
            options.run or request.run,
            lambda: command.about(request.source, request.cluster),
        )
        message = slack.message(run)
        try:
            new = box.put(run["run"], message)
        except OSError as error:
            return Outcome(reason=f"warning: the alert cannot be kept: {error.strerror}")
        request.say(message.plain if new else f"the alert of {run['run']} was delivered already")
    webhook = policy.webhook.read()
    if not webhook:
        waiting = box.waiting()
        why = f"{policy.webhook.env} is not set: {alerts.counted(waiting)} kept until it is"
        return _told(request, why, [], dict.fromkeys(waiting, "no webhook"))

    sent = channel.deliver(box, webhook, options.seconds)
    for why in sorted(set(sent.kept.values())):
        request.say(f"warning: {alerts.counted(list(sent.kept))} not delivered, kept for the next run: {why}")
    where = f" to {policy.channel}" if policy.channel else ""
    return _told(request, f"{alerts.counted(sent.delivered)} delivered{where}", sent.delivered, sent.kept)


def _told(
    request: command.Request, reason: str, delivered: list[str], undelivered: dict[str, str]
) -> Outcome:
    if not request.run:  # by hand: without a record, a pass prints nothing of its own
        request.say(reason)
    return Outcome(reason=reason, details={"delivered": delivered, "undelivered": undelivered})


def flags(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--app", metavar="APP", default="", help="whose run; default: only what is undelivered"
    )
    parser.add_argument("--run", metavar="ID", default="", help="which run; default: the latest of the app")
    parser.add_argument("--seconds", type=float, default=30, help="how long to try; default: %(default)s")


if __name__ == "__main__":
    # By hand it leaves no record: `latest` should stay with the run that the alert is about.
    recorded = command.STAGE_FOLDER in os.environ
    sys.exit(
        command.main(alert, stage="alert", help=__doc__ or "", app="none", arguments=flags, record=recorded)
    )
