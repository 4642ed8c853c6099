"""The experiment that the demo shop has behind it: for half a year whoever was signed in saw on the home page what the
live model picks, or the popularity list.

Planted: of those shown the live model whose first visit would have ended without an order, `MORE` buy something of
what they looked at. Nothing else differs, and nothing is written about it but these orders: who is in which arm
follows from the salt as in every experiment, and what it brought is counted from exposures and orders.
"""

from datetime import UTC, datetime, time, timedelta

import numpy as np

from catalog.demo.chance import HOUR, SHOP_ZONE, Calendar, stream
from catalog.demo.orders import Order, number_orders, one_order
from catalog.demo.products import DAY
from catalog.demo.visits import Act
from core.ml.experiments.assignment import Split

SALT = "home page of the demo shop"
CONTROL, LIVE = 0, 1
WEIGHTS = (50, 50)
WEEKS, OUTCOME_DAYS = 30, 14
MORE = 0.6
SITTING = 3 * HOUR
"""What follows so soon is the same visit."""


def arm_of(visitor: str) -> int:
    """`CONTROL` or `LIVE`."""
    return Split(SALT.encode(), WEIGHTS).arm_of(visitor)


def window(end: int) -> tuple[int, int]:
    """When it ran, in seconds, in a shop whose history ends at `end`: the days counted are over for everybody."""
    return end - WEEKS * 7 * DAY, end - OUTCOME_DAYS * DAY


def end_of_history(newest: datetime) -> datetime:
    """The midnight of the shop that ends the day of its newest event: `Calendar.end`, told from what was imported."""
    day = newest.astimezone(SHOP_ZONE).date() + timedelta(days=1)
    return datetime.combine(day, time(), SHOP_ZONE).astimezone(UTC)


def more_orders(seed: int, calendar: Calendar, orders: list[Order], visits: list[Act]) -> list[Order]:
    """All orders, with those that the experiment brought, by time and numbered in that order."""
    rng = stream(seed, "trial")
    bought: dict[str, list[int]] = {}
    for order in orders:
        bought.setdefault(order.customer.visitor, []).append(order.placed_at)
    more = []
    for visitor, acts in _first_visits(calendar, visits).items():
        begun, over = acts[0].at, acts[-1].at
        # Drawn for everybody, so that one customer more or less leaves the others as they were.
        persuaded, wait = rng.random() < MORE, 60 + int(rng.exponential(300.0))
        ordered = any(begun <= at <= begun + 2 * SITTING for at in bought.get(visitor, ()))
        customer = acts[0].customer
        if customer is None or ordered or not persuaded or arm_of(visitor) != LIVE:
            continue
        looked_at = list({act.product.id: act.product for act in acts if act.kind == "view"}.values())
        if looked_at:
            picks = rng.permutation(len(looked_at))[: 1 + int(rng.random() < 0.3)]
            basket = [looked_at[int(place)] for place in np.sort(picks)]
            order = one_order(rng, customer, basket, over + wait, calendar.end)
            order.is_more = True
            more.append(order)
    return number_orders([*orders, *more])


def _first_visits(calendar: Calendar, visits: list[Act]) -> dict[str, list[Act]]:
    """What each browser of somebody signed in did on its first visit while the experiment ran. Who wants no personal
    answers takes no part."""
    since, until = window(calendar.end)
    found: dict[str, list[Act]] = {}
    for act in visits:
        if act.customer is None or not act.customer.personalisation or act.at < since:
            continue
        if act.visitor in found:
            if act.at <= found[act.visitor][0].at + SITTING:
                found[act.visitor].append(act)
        elif act.at < until:
            found[act.visitor] = [act]
    return found
