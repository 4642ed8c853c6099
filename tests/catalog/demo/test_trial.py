"""The experiment that the demo shop has behind it: what was planted is in its orders, and nowhere else."""

from datetime import UTC, datetime

from catalog.demo import trial
from catalog.demo.orders import make_orders
from catalog.demo.products import DAY


def exposed(shop):
    """When each browser of somebody signed in first came while it ran."""
    since, until = trial.window(shop.calendar.end)
    found: dict[str, int] = {}
    for act in shop.visits:
        if act.customer and act.customer.personalisation and since <= act.at < until:
            found.setdefault(act.visitor, act.at)
    return found


def share_of_buyers(shop, orders, arm):
    bought: dict[str, list[int]] = {}
    for order in orders:
        bought.setdefault(order.customer.visitor, []).append(order.placed_at)
    people = {key: at for key, at in exposed(shop).items() if trial.arm_of(key) == arm}
    buys = [any(at <= one < at + trial.OUTCOME_DAYS * DAY for one in bought.get(key, ())) for key, at in people.items()]
    return sum(buys) / len(buys), len(buys)


def test_those_shown_the_live_model_buy_more_and_the_others_as_ever(shop):
    before = make_orders(shop.seed, shop.calendar, shop.products, shop.customers, shop.buying)

    was, people = share_of_buyers(shop, before, trial.LIVE)
    now, _people = share_of_buyers(shop, shop.orders, trial.LIVE)
    control_was, others = share_of_buyers(shop, before, trial.CONTROL)
    control_now, _others = share_of_buyers(shop, shop.orders, trial.CONTROL)

    assert min(people, others) > 520
    assert abs(people - others) < 3 * (people + others) ** 0.5  # halves, but for chance
    assert control_now == control_was
    assert abs(was - control_was) < 0.07
    assert 0.06 < now - was < 0.20


def test_what_it_brought_are_orders_like_all_others(shop):
    before = make_orders(shop.seed, shop.calendar, shop.products, shop.customers, shop.buying)
    known = {(order.customer.id, order.placed_at) for order in before}
    more = [order for order in shop.orders if (order.customer.id, order.placed_at) not in known]
    since, until = trial.window(shop.calendar.end)

    assert len(more) == len(shop.orders) - len(before) > 40
    assert {trial.arm_of(order.customer.visitor) for order in more} == {trial.LIVE}
    assert all(since <= order.placed_at < until + DAY for order in more)
    assert len({order.number for order in shop.orders}) == len(shop.orders)
    assert [order.placed_at for order in shop.orders] == sorted(order.placed_at for order in shop.orders)
    assert sum(order.status == "delivered" for order in more) / len(more) > 0.9
    for order in more:
        seen = {act.product.id for act in shop.visits if act.visitor == order.customer.visitor}
        assert {line.product.id for line in order.lines} <= seen


def test_the_end_of_the_history_is_told_from_its_newest_event(shop):
    newest = max(act.at for act in shop.visits)

    end = trial.end_of_history(datetime.fromtimestamp(newest, UTC))

    assert int(end.timestamp()) == shop.calendar.end
    assert trial.end_of_history(datetime.fromtimestamp(shop.calendar.end - 1, UTC)) == end
