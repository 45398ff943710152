"""What a file is, by its content, and whether a form takes it."""

import filetype

UNKNOWN, TEXT = "application/octet-stream", "text/plain"


def kind_of(content: bytes) -> str:
    """The media type. Names and declared types are the user's to choose, so neither counts."""
    if found := filetype.guess_mime(content):
        return str(found)
    try:
        content.decode()
    except UnicodeDecodeError:
        return UNKNOWN
    return UNKNOWN if b"\x00" in content else TEXT


def is_allowed(kind: str, allowed: list[str] | None) -> bool:
    """Whether one of the patterns, such as `image/*` or `*/*`, takes the kind. None and [] take all."""
    family = kind.partition("/")[0]
    return not allowed or any(pattern in (kind, f"{family}/*", "*/*") for pattern in allowed)
