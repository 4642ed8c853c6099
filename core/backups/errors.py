"""The one failure backups know."""


class BackupError(Exception):
    """A backup or a restore cannot be made; nothing was changed. The message is one sentence for the operator."""
