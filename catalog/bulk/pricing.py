"""New prices from old ones. Pure."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Self

LARGEST = Decimal(10) ** 13
CENT = Decimal("0.01")


@dataclass(frozen=True)
class PriceRule:
    """`way`: "set", "percent" (value −10 is ten per cent less) or "amount". `rounding`: "cent", "tenth", "whole", or
    "99": down or up to the nearest price that ends in .99."""

    way: str
    value: Decimal
    rounding: str = "cent"

    @classmethod
    def of(cls, arguments: dict[str, Any]) -> Self:
        return cls(arguments["way"], Decimal(arguments["value"]), arguments.get("rounding", "cent"))

    def new(self, old: Decimal) -> Decimal:
        """Not rounded when the price is set: what somebody typed is what they mean. May be below 0."""
        if self.way == "set":
            return self.value
        raised = old * (1 + self.value / 100) if self.way == "percent" else old + self.value
        return rounded(raised, self.rounding)


def rounded(price: Decimal, rounding: str) -> Decimal:
    """Half a step goes up."""
    if rounding == "99":
        return max((price + CENT).quantize(Decimal(1), ROUND_HALF_UP), Decimal(1)) - CENT if price > 0 else price
    step = {"tenth": Decimal("0.1"), "whole": Decimal(1)}.get(rounding, CENT)
    return price.quantize(step, ROUND_HALF_UP)
