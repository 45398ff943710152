"""What the pure object functions raise; the server turns each into a Status answer."""

from __future__ import annotations


class PatchError(Exception):
    """A patch that is refused with HTTP `status`: 400 malformed, 415 not for this kind, 422 does not fit."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message
