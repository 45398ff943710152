"""Slack: with a bot token where there is one, else through an incoming webhook."""

from __future__ import annotations

from toolkit.alerting.channel import Channel
from toolkit.settings.model import AlertPolicy


def opened(policy: AlertPolicy) -> Channel | None:
    """The way that is set up; None where neither variable is set."""
    if token := policy.token.read():
        from toolkit.alerting.slack_bot import Bot

        return Bot(token, policy.token.env, policy.where)
    if address := policy.webhook.read():
        from toolkit.alerting.slack_webhook import Webhook

        return Webhook(address, policy.webhook.env)
    return None
