"""Tells the alert channel how a run ended, and sends what could not be sent before.

Without APP it lists every alert whose fate is open: those that wait, and those that were refused.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser

from toolkit.alerting import alerts, channel, delivery, outbox, slack
from toolkit.base.files import CannotWrite
from toolkit.base.outcome import Outcome
from toolkit.settings import command


def alert(request: command.Request) -> Outcome:
    """Keep the alert of the run, then send whatever waits. Never fails for want of delivery."""
    box = outbox.Outbox(request.root / ".pipeline" / "alerts")
    policy, options = request.config.alert, request.options
    channels = channel.configured(policy)
    sent = delivery.Sent()
    try:
        if options.again and not box.again(options.again):
            raise alerts.no_such(options.again, box)
        for run in alerts.of_dead_runs(request) if not request.run else ():
            box.put(run["run"], slack.message(run))
            alerts.kept(request.root, run["run"])
        if options.started and not any(each.follows for each in channels):
            return Outcome()
        if options.app:
            sent = _of_one_run(request, box, channels)
        if channels:
            found = delivery.deliver(box, channels, options.seconds)
            sent = delivery.Sent(
                [*sent.delivered, *found.delivered], sent.kept | found.kept, found.aside,
                [*sent.remedies, *found.remedies],
            )  # fmt: skip
    except CannotWrite as error:
        # By hand it is what was asked for; in a run the alert may be lost and the run is as it is.
        return error.outcome if not request.run else Outcome(reason=f"warning: {error.reason}")
    if not channels:
        waiting = box.waiting()
        why = f"{policy.webhook.env} is not set: {alerts.counted(waiting)} kept until it is"
        return _told(request, why, [], dict.fromkeys(waiting, "no webhook"))
    return _said(request, box, sent)


def _of_one_run(
    request: command.Request, box: outbox.Outbox, channels: list[channel.Channel]
) -> delivery.Sent:
    """Keep the alert of the run that was asked for; sent at once where no disk takes it."""
    options = request.options
    run = alerts.chosen(
        request.config,
        options.app,
        options.run or request.run,
        lambda: command.about(request.source, request.cluster),
    )
    if options.started:
        box.put(run["run"], slack.started(run), final=False)
        return delivery.Sent()
    if not request.run and alerts.goes_on(request.root, run):
        request.say(f"run {run['run']} is still going on: its alert comes when it ends")
        return delivery.Sent()
    message = slack.message(run)
    try:
        there = box.put(run["run"], message)
    except CannotWrite as error:
        request.say(message.plain)
        request.say(f"warning: the alert cannot be kept: {error.reason}")
        return delivery.straight(channel.new(run["run"], message), channels, options.seconds)
    if there == "aside":
        request.say(f"the alert of {run['run']} was refused and set aside: `make alert` says why")
    else:
        request.say(message.plain if not there else f"the alert of {run['run']} was delivered already")
    return delivery.Sent()


def _said(request: command.Request, box: outbox.Outbox, sent: delivery.Sent) -> Outcome:
    policy = request.config.alert
    for why in sorted(set(sent.kept.values())):
        number = alerts.counted([name for name in sent.kept if sent.kept[name] == why])
        request.say(f"warning: {number} not delivered, kept for the next run: {why}")
    for name, why in sent.aside.items():
        request.say(f"warning: alert {name} is set aside: {why}")
    for remedy in sent.remedies:
        request.say(f"  fix: {remedy}")
    if not request.options.app:
        for line in alerts.listed(box):
            request.say(line)
    where = f" to {policy.channel}" if policy.channel else ""
    reason = f"{alerts.counted(sent.delivered)} delivered{where}"
    return _told(request, reason, sent.delivered, sent.kept | sent.aside)


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
    parser.add_argument(
        "--again", metavar="ID", default="", help='send a refused one again; "all": all of them'
    )
    parser.add_argument(
        "--started", action="store_true", help="that the run began, where messages can change"
    )
    parser.add_argument("--seconds", type=float, default=30, help="how long to try; default: %(default)s")


if __name__ == "__main__":
    # By hand it leaves no record: `latest` should stay with the run that the alert is about.
    recorded = command.STAGE_FOLDER in os.environ
    sys.exit(
        command.main(alert, stage="alert", help=__doc__ or "", app="none", arguments=flags, record=recorded)
    )
