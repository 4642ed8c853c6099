"""How many points an order brings. Exact: fractions until the one rounding at the end."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from catalog.models import Order
from crm.models import EarnRule, LoyaltyProgramme
from crm.services import calendar

ONE = Fraction(1)


@dataclass(frozen=True)
class Rates:
    """The rules for orders of one day, read once for many of them."""

    per_unit: Fraction
    rounding: str
    rules: Sequence[EarnRule]

    @classmethod
    def read(cls, programme: LoyaltyProgramme) -> "Rates":
        rows = EarnRule.objects.filter(trigger=EarnRule.Trigger.ORDER, is_on=True).select_related("category")
        return cls(Fraction(programme.points_per_unit), programme.rounding, list(rows))

    def points(self, order: Order, *, level: Fraction = ONE) -> int:
        """Points for the products of an order after all discounts, in the base currency, times what multiplies them.

        The order needs its lines with product and category. A discount on the whole order is spread over the lines.
        """
        day = calendar.today(order.paid_at or order.placed_at)
        rules = [rule for rule in self.rules if _is_valid(rule, day)]
        lines = list(order.lines.all())
        goods = sum((Fraction(line.amount) for line in lines), Fraction(0))
        if goods <= 0 or order.paid_total <= 0:
            return 0
        share = max(ONE - Fraction(order.discount) / goods, Fraction(0)) * Fraction(order.base_rate)
        total = Fraction(0)
        for line in lines:
            category = line.product.category if line.product is not None else None
            path = category.path if category is not None else ""
            factors = [Fraction(rule.multiplier) for rule in rules if _is_about(rule, path)]
            total += Fraction(line.amount) * share * max([ONE, *factors])
        added = sum(rule.points for rule in rules if not rule.has_category)
        return rounded(total * self.per_unit * level, self.rounding) + added


def rounded(points: Fraction, rule: str) -> int:
    """Whole points. Never less than zero."""
    if rule == LoyaltyProgramme.Rounding.UP:
        return max(ceil(points), 0)
    if rule == LoyaltyProgramme.Rounding.NEAREST:
        return max(floor(points + Fraction(1, 2)), 0)
    return max(floor(points), 0)


def kept(points: int, order: Order) -> int:
    """What is left of the points of an order after its refunds: in proportion to the money, rounded down.

    It depends on the sum of refunds alone, so that many small ones take as much as one large one, in any order. A
    cancelled order keeps nothing.
    """
    if order.status == Order.Status.CANCELLED or order.paid_total <= 0:
        return 0
    left = max(Fraction(order.paid_total) - Fraction(order.refunded_total), Fraction(0))
    return floor(points * left / Fraction(order.paid_total))


def _is_valid(rule: EarnRule, day: object) -> bool:
    return (rule.starts_on is None or rule.starts_on <= day) and (rule.ends_on is None or day <= rule.ends_on)  # type: ignore[operator]


def _is_about(rule: EarnRule, path: str) -> bool:
    """Of a product in the category at `path`; a rule whose category was deleted is about nothing."""
    if rule.category is not None:
        return bool(path) and path.startswith(rule.category.path)
    return not rule.has_category
