"""Slack's words for what it did not take: whose fault it is, and what helps. Pure.

The words are those of https://docs.slack.dev/reference/methods/chat.postMessage and of
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks (error handling).
"""

from __future__ import annotations

from toolkit.alerting.channel import Answer, Fate

_APPS = "https://api.slack.com/apps"
_AGAIN = "`make alert AGAIN=all` sends it again once it is mended"

_TOKEN = (
    *("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "access_denied"),
    *("no_permission", "org_login_required", "not_allowed_token_type", "team_access_not_granted"),
    *("ekm_access_denied", "two_factor_setup_required", "enterprise_is_restricted"),
)
_PLACE = (
    *("channel_not_found", "not_in_channel", "is_archived", "restricted_action", "no_channel"),
    *("restricted_action_read_only_channel", "restricted_action_non_threadable_channel"),
    *("restricted_action_thread_locked", "messages_tab_disabled", "as_user_not_supported"),
)
_LATER = (
    *("ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable"),
    *("request_timeout", "team_added_to_org", "accesslimited", "message_limit_exceeded"),
)
_BUSY = ("ratelimited", "rate_limited", "message_limit_exceeded")

LOST = (
    "message_not_found",
    "cant_update_message",
    "edit_window_closed",
    "cant_edit_message",
    "thread_not_found",
)
"""Of a message that was to change: somebody deleted it, or it cannot be changed any more."""

FORM = (
    "invalid_blocks",
    "invalid_blocks_format",
    "msg_blocks_too_long",
    "msg_too_long",
    "invalid_metadata_format",
)
"""Of the form of a message: words without form are better than nothing."""


def of_webhook(status: int, word: str, variable: str) -> Answer:
    """What an incoming webhook's answer means; `variable` holds its address."""
    said = f"Slack answered {status} {word!r}"
    if status == 200:
        if word.strip() == "ok":
            return Answer(Fate.DELIVERED)
        return Answer(
            Fate.WAITING, f"what answered is not Slack: 200 {word!r} in place of 'ok'",
            f"is {variable} the address of an incoming webhook, and no proxy or login page in between?", True,
        )  # fmt: skip
    if status in (403, 404, 410):
        remedy = (
            f"make a new incoming webhook ({_APPS}, Incoming Webhooks) and put its address into {variable}"
        )
        return Answer(Fate.WAITING, f"{said}: the webhook is not valid any more", remedy, True)
    if status in (400, 413):
        return Answer(Fate.REFUSED, said, _AGAIN)
    return Answer(Fate.WAITING, said, stop=status < 500)


def of_method(word: str, variable: str, needed: str, where: str) -> Answer:
    """What a word of the Web API means; `variable` holds the token, `needed` is a missing scope."""
    said = f"Slack answered {word!r}"
    if word == "missing_scope":
        remedy = (
            f"give the app the scope {needed or 'chat:write'} ({_APPS}, OAuth & Permissions), reinstall it"
        )
        return Answer(Fate.WAITING, f"{said} (needed: {needed or 'chat:write'})", remedy, True)
    if word in _TOKEN:
        remedy = f"make a new bot token ({_APPS}, OAuth & Permissions: xoxb-...) and put it into {variable}"
        return Answer(Fate.WAITING, f"{said}: the token is not valid (any more)", remedy, True)
    if word in _PLACE:
        remedy = f"in Slack: /invite the app into {where}, or name another channel (SLACK_CHANNEL)"
        return Answer(Fate.WAITING, f"{said} for {where}", remedy, True)
    if word in _LATER:
        return Answer(Fate.WAITING, said, stop=word in _BUSY)
    return Answer(Fate.REFUSED, said, _AGAIN)
