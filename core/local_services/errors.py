"""The one failure the local servers know."""


class LocalServiceError(Exception):
    """PostgreSQL or Redis of this installation cannot run. The message is one sentence for the operator."""
