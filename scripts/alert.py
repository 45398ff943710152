"""Tells the alert channel how a run ended, and sends what could not be sent before.

Without APP it lists every alert whose fate is open: those that wait, and those that were refused.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser

from toolkit.alerting import channel, delivery, outbox, sending
from toolkit.base.files import CannotWrite
from toolkit.base.outcome import Outcome
from toolkit.settings import command


def alert(request: command.Request) -> Outcome:
    """Keep the alert of the run, then send whatever waits. Never fails for want of delivery."""
    box, policy = outbox.of(request.root), request.config.alert
    channels = channel.configured(policy)
    try:
        sent = sending.keep(request, box, channels)
        if sent is None:
            return Outcome()
        if channels:
            sent = sent.and_then(delivery.deliver(box, channels, request.options.seconds))
    except CannotWrite as error:
        # By hand it is what was asked for; in a run the alert may be lost and the run is as it is.
        return error.outcome if not request.run else Outcome(reason=f"warning: {error.reason}")
    if not channels:
        waiting = box.waiting()
        why = f"{policy.webhook.env} is not set: {delivery.counted(waiting)} kept until it is"
        return _told(request, why, [], dict.fromkeys(waiting, "no webhook"))
    sending.tell(request, box, sent)
    return _told(request, sent.summary(policy), sent.delivered, sent.kept | sent.aside)


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
