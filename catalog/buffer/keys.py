"""Names in Redis. Tests give themselves a prefix of their own."""

prefix = "zg:ev:"
GROUP = "table"
SEEN_SECONDS = 172_800
"""Ids are remembered for one to two spans of this length."""


def stream() -> str:
    """Calls whose events wait for the table, each with its number of events `n` and their rows `e`."""
    return f"{prefix}stream"


def waiting() -> str:
    """How many events the stream holds."""
    return f"{prefix}waiting"


def recent_of_customer(customer_id: int) -> str:
    return f"{prefix}l:c{customer_id}"


def recent_of_visitor(visitor: str) -> str:
    """The acts of a browser that named no customer."""
    return f"{prefix}l:v{visitor}"


def refuses(visitor: str) -> str:
    """There for an hour after somebody said no: what other processes remember of the visitor is older."""
    return f"{prefix}no:{visitor}"


def renewed_customer(customer_id: int) -> str:
    """There for a moment after the profile was reset: what other processes remember of the customer is older."""
    return f"{prefix}new:c{customer_id}"


def renewed_visitor(visitor: str) -> str:
    """The same of a browser."""
    return f"{prefix}new:v{visitor}"


def minute(number: int) -> str:
    """Counts of one minute since 1970."""
    return f"{prefix}m:{number}"


def hour(number: int) -> str:
    """Counts of one hour since 1970."""
    return f"{prefix}o:{number}"
