"""Words for people."""

LONGEST = 500  # characters of somebody else's message that are shown


def sentence(text: str) -> str:
    """A message of the cluster's or of a library's as one sentence on one line."""
    text = " ".join(text.split())[:LONGEST]
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
