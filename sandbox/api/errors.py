"""What the pure object functions raise; the server turns each into a Status answer."""

from __future__ import annotations


class PatchError(Exception):
    """A patch that cannot be applied: HTTP `status` (400 malformed, 415 wrong format for the kind, 422 does
    not fit)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message
