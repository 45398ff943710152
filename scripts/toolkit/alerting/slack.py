"""Messages as Slack shows them. Pure.

Limits are Slack's own (https://docs.slack.dev/reference/block-kit/blocks): 150 characters in a header, 3000
in a section, 2000 in a field.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from toolkit.reporting import summary

HEADER_LIMIT, SECTION_LIMIT, FIELD_LIMIT = 150, 3000, 2000
MOST_TROUBLES, MOST_PLACES = 5, 9

Block = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """One alert: `text` is the notification, `blocks` what Slack shows, `plain` what a terminal shows.

    `brief`: what the channel shows where the rest goes into a thread; [] where all of it is to be seen.
    """

    text: str
    blocks: list[Block]
    plain: str
    brief: list[Block] = field(default_factory=list)


def message(record: summary.Record) -> Message:
    """The alert for a run, from its record."""
    title, bad, places = summary.headline(record), summary.troubles(record), summary.environments(record)
    facts, url, run = summary.facts(record), summary.link(record), str(record.get("run") or "")

    blocks = [_header(title)]
    for each in bad[:MOST_TROUBLES]:
        text = f"*Why:* {escape(each.why, 1100)}"
        if each.evidence:
            shown = "\n".join(line[-200:] for line in each.evidence).replace("`", "'")
            text += f"\n```{escape(shown, 800)}```"
        text += f"\n*What to do:* {escape(each.remedy, 600)}" if each.remedy else ""
        text += f"\n*Evidence:* {escape(', '.join(each.files), 400)}" if each.files else ""
        blocks.append(_section(text))
    if places:
        lines = [f"*{escape(name, 100)}:* {escape(state, 200)}" for name, state in places[:MOST_PLACES]]
        blocks.append(_section("\n".join(lines)))
    fields = [_mrkdwn(f"*{name}*\n{escape(value, FIELD_LIMIT - 20)}") for name, value in facts]
    blocks.append({"type": "section", "fields": fields})
    job = f"<{escape(url, 1500).replace('|', '%7C')}|CI job>" if url else "no CI job: run by hand"
    when = escape(str(record.get("started") or ""), 40)
    context = " · ".join(filter(None, (job, f"run {escape(run, 200)}", when)))
    blocks.append({"type": "context", "elements": [_mrkdwn(context)]})

    plain = [title]
    for each in bad:
        plain += [f"  why          {each.why}", *(f"    | {line}" for line in each.evidence)]
        plain += [
            f"  {'what to do' if n == 0 else '':<12} {line}" for n, line in enumerate(_lines(each.remedy))
        ]
        plain += [f"  {'evidence' if n == 0 else '':<12} {file}" for n, file in enumerate(each.files)]
    plain += [f"  {name:<12} {state}" for name, state in places]
    plain += [f"  {name.lower():<12} {value}" for name, value in facts]
    plain += [f"  {'CI job':<12} {url}" if url else f"  {'log':<12} .pipeline/runs/{run}"]
    first = f"{title} — {bad[0].why}" if bad else title
    brief = [_header(title)]
    if bad:
        brief.append(_section(f"*Why:* {escape(bad[0].why, 500)}"))
    brief.append({"type": "context", "elements": [_mrkdwn(_about(record, job))]})
    return Message(escape(first, SECTION_LIMIT), blocks, "\n".join(plain), brief)


def started(record: summary.Record) -> Message:
    """What is told when a run begins, where the message can change to how it ends."""
    version = str(record.get("version") or "")
    title = f"🚚 {record.get('app') or 'pipeline'}: {version} is on its way".replace("  ", " ")
    url = summary.link(record)
    job = f"<{escape(url, 1500).replace('|', '%7C')}|CI job>" if url else ""
    brief = [_header(title), {"type": "context", "elements": [_mrkdwn(_about(record, job))]}]
    return Message(escape(title, SECTION_LIMIT), [], title, brief)


def _about(record: summary.Record, job: str) -> str:
    known = [escape(str(record.get(key) or ""), 200) for key in ("branch", "author", "run")]
    return " · ".join(filter(None, (*known, job)))


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def escape(text: str, limit: int) -> str:
    """Text as Slack wants it, at most `limit` characters, never cut inside of an entity.

    Only &, < and > have a meaning (https://docs.slack.dev/messaging/formatting-message-text): without this a
    reason that holds <!channel> would wake everybody.
    """
    entities = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
    pieces = [entities.get(char, char) for char in text]
    if sum(map(len, pieces)) <= limit:
        return "".join(pieces)
    kept: list[str] = []
    room = limit - 1
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + "…"


def context(note: str) -> list[Block]:
    """A line in small print, as blocks; none without words."""
    return [{"type": "context", "elements": [_mrkdwn(note)]}] if note else []


def _header(title: str) -> Block:
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": escape(title, HEADER_LIMIT), "emoji": True},
    }


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> Block:
    # verbatim: Slack must not turn what looks like a channel, a name or a link into one
    return {"type": "mrkdwn", "text": text, "verbatim": True}
