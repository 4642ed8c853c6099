"""What is planted among the newest reviews of a demo shop: a bad batch, praise that was bought, answers of the shop."""

from catalog.demo.happenings import BAD, PRAISE, Happenings
from catalog.demo.products import DAY
from catalog.demo.shop import make_shop
from tests.catalog.demo.conftest import TINY, UNTIL


def of(shop, numbers):
    found = {review.id: review for review in shop.reviews}
    return [found[number] for number in numbers]


def test_the_last_buyers_of_one_product_complain_within_a_week(shop):
    told = shop.happenings
    bad = of(shop, told.bad_batch)

    assert len(bad) == BAD
    assert {review.product.id for review in bad} == {told.bad_product}
    assert all(shop.calendar.end - 6 * DAY <= review.created_at < shop.calendar.end for review in bad)
    assert {review.rating for review in bad} == {1, 2}
    bought = {(order.customer.id, line.product.id) for order in shop.orders for line in order.lines}
    assert all((review.customer.id, review.product.id) in bought for review in bad)
    earlier = [
        review for review in shop.reviews
        if review.product.id == told.bad_product and 7 * DAY < shop.calendar.end - review.created_at < 63 * DAY
    ]  # fmt: skip
    assert len(earlier) >= 12
    assert sum(review.rating > 3 for review in earlier) > len(earlier) / 2


def test_accounts_that_never_ordered_praise_another_product_within_a_night(shop):
    told = shop.happenings
    praise = of(shop, told.bought)

    assert len(praise) == PRAISE
    assert {(review.product.id, review.rating, review.status) for review in praise} == {
        (told.praised_product, 5, "pending")
    }
    assert told.praised_product != told.bad_product
    times = [review.created_at for review in praise]
    assert max(times) - min(times) <= 9 * 3_600
    buyers = {order.customer.id for order in shop.orders}
    assert not {review.customer.id for review in praise} & buyers
    assert len({review.text for review in praise}) == PRAISE
    assert sum("微信" in review.text for review in praise) == 1


def test_the_shop_answers_some_most_of_them_complaints_and_never_before_they_came(shop):
    share = {
        is_bad: sum(bool(one.reply) for one in part) / len(part)
        for is_bad in (True, False)
        if (part := [one for one in shop.reviews if (one.rating < 3) == is_bad])
    }

    assert 0.3 < share[True] < 0.5
    assert share[False] < 0.1
    assert all(one.created_at < one.replied_at < shop.calendar.end for one in shop.reviews if one.reply)


def test_a_shop_that_is_too_small_has_none():
    tiny = make_shop(seed=3, size=TINY, until=UNTIL)

    assert tiny.happenings == Happenings()
    assert len(tiny.reviews) == TINY.reviews


def test_no_hour_holds_more_than_a_few_of_the_newest_reviews(shop):
    hours = [review.created_at // 3_600 for review in shop.reviews if not review.is_bought][-60:]

    assert max(hours.count(hour) for hour in hours) <= 4
