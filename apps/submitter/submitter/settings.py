"""The settings that API and worker share."""

from fb_platform.database import Database
from fb_platform.settings import SettingError, setting


def decryption_key() -> str:
    """The shared key of 32 characters."""
    key = setting("SUBMISSION_DECRYPTION_KEY")
    if len(key.encode()) != 32:
        raise SettingError("SUBMISSION_DECRYPTION_KEY must have 32 characters")
    return key


def database() -> Database:
    """Where the queue is: by default a file that API and workers share."""
    return Database(setting("DATABASE_URL", "sqlite:////var/lib/submitter/submissions.db"))
