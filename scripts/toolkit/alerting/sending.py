"""One call of alert.py: keep the alerts that are due, send what waits, say what became of each."""

from __future__ import annotations

from toolkit.alerting import alerts, channel, delivery, outbox, slack
from toolkit.base.files import CannotWrite
from toolkit.settings.request import Request, about, source


def keep(request: Request, box: outbox.Outbox, channels: list[channel.Channel]) -> delivery.Sent | None:
    """Keep what was asked for; what of it was sent at once, None where no channel wants to hear of a start.

    Raises Misused for a run or an alert that there is not, CannotWrite.
    """
    options = request.options
    if options.again and not box.again(options.again):
        raise alerts.no_such(options.again, box)
    for run in alerts.of_dead_runs(request) if not request.run else ():
        box.put(run["run"], slack.message(run))
        alerts.kept(request.root, run["run"])
    if options.started and not any(each.follows for each in channels):
        return None
    return _of_one_run(request, box, channels) if options.app else delivery.Sent()


def _of_one_run(request: Request, box: outbox.Outbox, channels: list[channel.Channel]) -> delivery.Sent:
    """Keep the alert of the run that was asked for; sent at once where no disk takes it."""
    options = request.options
    run = alerts.chosen(
        request.config,
        options.app,
        options.run or request.run,
        lambda: about(source(request.config, request.config.app(options.app)), request.cluster),
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


def tell(request: Request, box: outbox.Outbox, sent: delivery.Sent) -> None:
    """Say what was not delivered and what to do about it; without an app, every alert whose fate is open."""
    for why in sorted(set(sent.kept.values())):
        number = delivery.counted([name for name in sent.kept if sent.kept[name] == why])
        request.say(f"warning: {number} not delivered, kept for the next run: {why}")
    for name, why in sent.aside.items():
        request.say(f"warning: alert {name} is set aside: {why}")
    for remedy in sent.remedies:
        request.say(f"  fix: {remedy}")
    if not request.options.app:
        for line in alerts.listed(box):
            request.say(line)
