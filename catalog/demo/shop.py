"""One whole demo shop in memory."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from catalog.demo.chance import Calendar, iso
from catalog.demo.customers import LEAVE_A, LEAVE_B, RATE_SHAPE, Customer, Preferences, make_customers
from catalog.demo.happenings import Happenings, happen
from catalog.demo.orders import Buying, Order, buying_times, companions, make_orders
from catalog.demo.products import Product, make_products
from catalog.demo.reviews import Review, make_reviews
from catalog.demo.sizes import Size
from catalog.demo.trial import LIVE, MORE, SALT, WEIGHTS, more_orders, window
from catalog.demo.visits import Act, make_visits


@dataclass(frozen=True, slots=True)
class Shop:
    """Everything the files say, and `truth()`: what was planted and has to be found again."""

    seed: int
    size: Size
    until: date
    calendar: Calendar
    products: list[Product]
    customers: list[Customer]
    buying: Buying
    orders: list[Order]
    visits: list[Act]
    reviews: list[Review]
    happenings: Happenings

    def truth(self) -> dict[str, Any]:
        """Plain data. Rates are purchases per day of average demand; `gone_at` is null for who still comes."""
        pairs = companions(self.products, Preferences(self.products))
        gone = [iso(moment) if moment else None for moment in self.buying.gone_at]
        people = zip(self.customers, self.buying.rates, gone, strict=True)
        return {
            "seed": self.seed,
            "size": self.size.name,
            "until": self.until.isoformat(),
            "bg_nbd": {"r": RATE_SHAPE, "a": LEAVE_A, "b": LEAVE_B, "alpha": self.rate_alpha()},
            "customers": {
                customer.id: {
                    "taste": customer.taste,
                    "price_group": customer.price_group,
                    "price_slope": round(customer.price_slope, 4),
                    "favourite_kinds": list(customer.favourite_kinds),
                    "favourite_colour": customer.favourite_colour,
                    "buys": customer.buys,
                    "rate": round(rate, 6),
                    "leaves_after": customer.leaves_after,
                    "gone_at": left,
                }
                for customer, rate, left in people
            },
            "products": {
                product.id: {
                    **product.truth,
                    "taste": product.taste,
                    "popularity": round(product.popularity, 4),
                    "quality": {aspect: round(value, 4) for aspect, value in product.quality.items()},
                    "bought_with": [self.products[other].id for other in pairs[index]],
                }
                for index, product in enumerate(self.products)
            },
            "reviews": {review.id: review.aspects for review in self.reviews},
            "happenings": asdict(self.happenings),
            "trial": {
                "salt": SALT,
                "weights": list(WEIGHTS),
                "arm_with_more": LIVE,
                "more": MORE,
                "from_to": [iso(moment) for moment in window(self.calendar.end)],
            },
        }

    def rate_alpha(self) -> float:
        """Rate parameter of the gamma distribution of purchase rates, in days."""
        pairs = zip(self.customers, self.buying.rates, strict=True)
        return round(next(customer.raw_rate / rate for customer, rate in pairs if rate), 4)


def make_shop(*, seed: int, size: Size, until: date) -> Shop:
    """The shop whose history ends with the day before `until`. The same three arguments give the same shop."""
    calendar = Calendar.build(until, size.months)
    products = make_products(seed, size, calendar)
    customers = make_customers(seed, size, calendar)
    buying = buying_times(seed, size, calendar, customers)
    orders = make_orders(seed, calendar, products, customers, buying)
    visits = make_visits(seed, size, calendar, products, customers, orders, buying)
    reviews = make_reviews(seed, size, calendar, orders)
    reviews, happenings = happen(seed, calendar, products, customers, orders, reviews)
    orders = more_orders(seed, calendar, orders, visits)
    return Shop(seed, size, until, calendar, products, customers, buying, orders, visits, reviews, happenings)
