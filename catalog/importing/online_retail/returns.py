"""Which order line a returned product came from. Old systems write returns as invoices of their own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Movement:
    """A line sold or returned. `line` is its place in the file, `amount` what it was worth (never negative);
    `order_total` is the whole order's (0 for a return)."""

    customer: str
    product: str
    is_return: bool
    invoice: str
    ordinal: int
    quantity: int
    amount: Decimal
    order_total: Decimal
    line: int


@dataclass(frozen=True, slots=True)
class Match:
    """The return in `line` of the file belongs to a line of an order."""

    line: int
    invoice: str
    ordinal: int


def match_returns(movements: Iterable[Movement]) -> Iterator[Match]:
    """Give each return the newest earlier line of the same customer and product that has enough pieces left.

    Movements come grouped by customer and product and in the order of time. An order never gives back more than it
    came to. Returns that find no line are not mentioned.
    """
    given_back: dict[str, Decimal] = {}
    for _owner, group in groupby(movements, key=lambda m: (m.customer, m.product)):
        bought: list[tuple[Movement, list[int]]] = []
        for movement in group:
            if not movement.is_return:
                bought.append((movement, [movement.quantity]))
                continue
            for sale, left in reversed(bought):
                room = sale.order_total - given_back.get(sale.invoice, Decimal(0))
                if left[0] >= movement.quantity and room >= movement.amount:
                    left[0] -= movement.quantity
                    given_back[sale.invoice] = given_back.get(sale.invoice, Decimal(0)) + movement.amount
                    yield Match(movement.line, sale.invoice, sale.ordinal)
                    break
