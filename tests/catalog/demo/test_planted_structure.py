"""What was planted can be found again in what people did."""

from collections import Counter, defaultdict
from datetime import datetime

import numpy as np

from catalog.demo.chance import SHOP_ZONE
from catalog.demo.customers import Preferences
from catalog.demo.kinds import KINDS
from catalog.demo.orders import companions
from catalog.demo.world import TASTES


def test_customers_buy_from_their_own_taste_far_more_than_chance(shop):
    bought = Counter((order.customer.taste, line.product.taste) for order in shop.orders for line in order.lines)
    total = sum(bought.values())

    for taste in TASTES:
        own = bought[taste, taste] / sum(count for (buyer, _), count in bought.items() if buyer == taste)
        overall = sum(count for (_, made_for), count in bought.items() if made_for == taste) / total
        assert own > 2 * overall, taste


def test_careful_customers_choose_cheaper_things_within_a_kind(shop):
    by_kind = defaultdict(list)
    for product in shop.products:
        by_kind[product.kind].append(product.price)
    middle = {kind: float(np.median(prices)) for kind, prices in by_kind.items()}
    paid = defaultdict(list)
    for order in shop.orders:
        for line in order.lines:
            paid[order.customer.price_group].append(np.log(line.product.price / middle[line.product.kind]))

    means = {group: np.mean(values) for group, values in paid.items()}

    assert means["careful"] + 0.05 < means["middle"] < means["generous"]


def test_who_is_gone_buys_no_more_and_who_stays_buys_at_the_planted_rate(shop):
    for customer, times, gone in zip(shop.customers, shop.buying.times, shop.buying.gone_at, strict=True):
        if gone:
            assert times[-1] == gone
            assert len(times) == customer.leaves_after + 1
    gaps, expected = 0.0, 0.0
    for times, rate, gone in zip(shop.buying.times, shop.buying.rates, shop.buying.gone_at, strict=True):
        if times:
            last = gone or shop.calendar.end
            begin, end = shop.calendar.to_busy(np.array([times[0], last]))
            gaps += len(times) - 1
            expected += rate * (end - begin)

    assert 0.9 < gaps / expected < 1.1


def test_some_never_buy_and_some_leave(shop):
    buyers = sum(bool(times) for times in shop.buying.times) / len(shop.customers)
    gone = sum(bool(moment) for moment in shop.buying.gone_at) / len(shop.customers)

    assert 0.8 < buyers < 0.93
    assert 0.2 < gone < 0.5


def test_the_shop_grows_and_breathes_with_the_week(shop):
    local = [datetime.fromtimestamp(order.placed_at, SHOP_ZONE) for order in shop.orders]
    half = (shop.calendar.start + shop.calendar.end) / 2
    later = sum(order.placed_at > half for order in shop.orders)
    weekdays = Counter(moment.weekday() for moment in local)
    hours = Counter(moment.hour for moment in local)

    assert later > 1.3 * (len(shop.orders) - later)
    assert weekdays[5] > 1.1 * weekdays[1]
    assert hours[21] > 10 * hours[4]


def test_winter_things_sell_in_winter(shop):
    months = defaultdict(Counter)
    for order in shop.orders:
        month = datetime.fromtimestamp(order.placed_at, SHOP_ZONE).month
        months["all"][month] += len(order.lines)
        for line in order.lines:
            months[line.product.kind][month] += 1

    def share(kind, which):
        return sum(months[kind][month] for month in which) / sum(months["all"][month] for month in which)

    assert share("scarves", (12, 1)) > 2.5 * share("scarves", (6, 7))
    assert share("dresses", (6, 7)) > 1.5 * share("dresses", (12, 1))


def test_planted_companions_share_baskets(shop):
    place = {product.id: index for index, product in enumerate(shop.products)}
    pairs = companions(shop.products, Preferences(shop.products))
    planted = {(index, other) for index, others in pairs.items() for other in others}
    baskets = [sorted({place[line.product.id] for line in order.lines}) for order in shop.orders]
    single = Counter(index for basket in baskets for index in basket)
    together = Counter((a, b) for basket in baskets for a in basket for b in basket if a != b)
    chance = sum(single[a] * single[b] / len(baskets) for a, b in planted)

    assert sum(together[pair] for pair in planted) > 3 * chance


def test_baskets_hold_different_products_and_people_keep_their_size(shop):
    sizes = defaultdict(Counter)
    for order in shop.orders:
        assert len({line.product.id for line in order.lines}) == len(order.lines)
        for line in order.lines:
            if KINDS[line.product.kind].options == ("S", "M", "L", "XL"):
                sizes[order.customer.cloth_size][line.variant.options["size"]] += 1

    assert all(bought[own] / bought.total() > 0.85 for own, bought in sizes.items())


def test_stars_follow_the_planted_quality(shop):
    quality = [np.mean(list(review.product.quality.values())) for review in shop.reviews]
    stars = [review.rating for review in shop.reviews]

    assert np.corrcoef(quality, stars)[0, 1] > 0.4
    assert set(stars) == {1, 2, 3, 4, 5}
    assert 3.5 < np.mean(stars) < 4.5


def test_reviews_differ_and_come_in_the_customers_language(shop):
    texts = Counter(review.text for review in shop.reviews)

    assert len(texts) > 0.97 * len(shop.reviews)
    for review in shop.reviews:
        assert review.language == review.customer.language
        assert any("一" <= letter <= "鿿" for letter in review.text) == (review.language == "zh")
        assert "{" not in review.text
        assert review.aspects
    languages = Counter(review.language for review in shop.reviews)
    assert languages["zh"] > languages["en"] > 200


def test_the_direction_of_aspects_follows_stars(shop):
    by_stars = defaultdict(list)
    for review in shop.reviews:
        by_stars[review.rating] += list(review.aspects.values())

    means = [np.mean(by_stars[stars]) for stars in (1, 2, 3, 4, 5)]

    assert means == sorted(means)
    assert means[0] < -0.3
    assert means[4] > 0.6
