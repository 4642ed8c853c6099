"""Amounts as text for machines."""

from decimal import Decimal


def amount_text(value: Decimal) -> str:
    """Plain digits with two decimals, or up to four where a price is finer than a cent: `19.90`, `0.0125`."""
    text = format(value, "f")
    whole, _point, cents = text.partition(".")
    return f"{whole}.{cents.rstrip('0').ljust(2, '0')}"
