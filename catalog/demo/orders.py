"""Orders: when customers buy, what goes into the basket together, and what becomes of the order."""

from dataclasses import dataclass, field

import numpy as np

from catalog.demo.chance import HOUR, Calendar, day_of_year, iso, stream
from catalog.demo.customers import Customer, Preferences
from catalog.demo.kinds import COMPLEMENTS, KINDS
from catalog.demo.products import DAY, Product, Variant, variant_label
from catalog.demo.sizes import Size

MORE_LINES = 0.36  # chance of one more line, again and again
TOGETHER = 0.65  # share of further lines that complete the first
WANDER = 0.08  # share of first lines in which taste plays no part
COMPANION = 2.2
NEWNESS = 0.9
SALE_DAYS = {(6, 17), (6, 18), (11, 10), (11, 11), (12, 12)}
NOWHERE = -50.0  # log weight of what cannot be bought


@dataclass(slots=True)
class Line:
    product: Product
    variant: Variant
    name: str
    quantity: int
    unit_price: int
    discount: int  # of the whole line

    @property
    def amount(self) -> int:
        return self.quantity * self.unit_price - self.discount


@dataclass(slots=True)
class Payment:
    id: str
    kind: str
    amount: int
    at: int
    method: str


@dataclass(slots=True)
class Order:
    """Money in fen. `delivered_at` is 0 until the parcel has arrived. `is_more`: the experiment brought it
    (catalog.demo.trial)."""

    customer: Customer
    placed_at: int
    lines: list[Line]
    number: str = ""
    status: str = "placed"
    shipping: int = 0
    discount: int = 0
    channel: str = "web"
    payments: list[Payment] = field(default_factory=list)
    delivered_at: int = 0
    is_more: bool = False

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines) + self.shipping - self.discount


@dataclass(frozen=True, slots=True)
class Buying:
    """When everybody buys. `rates` are purchases per day; `gone_at` is 0 for who still comes."""

    times: list[list[int]]
    rates: list[float]
    gone_at: list[int]


def buying_times(seed: int, size: Size, calendar: Calendar, customers: list[Customer]) -> Buying:
    """First orders soon after registration, then BG/NBD in busy time: a steady rate per customer and, after each
    repeat, the chance to leave. One scale for all rates meets the wished number of orders."""
    rng = stream(seed, "buying")
    count, end = len(customers), calendar.busy[-1]
    joined = calendar.to_busy(np.array([customer.created_at for customer in customers]))
    at_once = rng.random(count) < 0.65
    first = joined + np.where(at_once, rng.uniform(0.002, 0.02, count), rng.exponential(9.0, count) + 0.02)
    first = np.where([customer.buys for customer in customers], first, np.inf)
    raw = np.array([customer.raw_rate for customer in customers])
    repeats = np.array([customer.leaves_after for customer in customers])
    waits = np.cumsum(rng.exponential(1.0, (count, 160)), axis=1)
    allowed = np.arange(1, 161)[None, :] <= repeats[:, None]

    def all_times(scale: float) -> np.ndarray:
        later = first[:, None] + waits / np.maximum(raw * scale, 1e-9)[:, None]
        return np.concatenate([first[:, None], np.where(allowed, later, np.inf)], axis=1)

    low, high = 1e-4, 10.0
    for _step in range(50):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if (all_times(middle) < end).sum() < size.orders else (low, middle)
    table = all_times(high)
    times, gone = [], []
    for row, customer in zip(table, customers, strict=True):
        moments = calendar.to_time(row[row < end])
        # Two orders of one customer are at least some minutes apart, and none precedes the registration.
        own = [int(moment) for moment in np.maximum.accumulate(moments + 240 * np.arange(len(moments)))]
        own = [max(moment, customer.created_at + 90) for moment in own]
        own = [moment for moment in own if moment < calendar.end]
        times.append(own)
        gone.append(own[-1] if len(own) == customer.leaves_after + 1 else 0)
    return Buying(times, [float(rate) for rate in raw * high], gone)


class Shelf:
    """What can be bought on a day, and how the season and newness move it. Log weights per product."""

    def __init__(self, products: list[Product], calendar: Calendar) -> None:
        self.products = products
        self._created = np.array([product.created_at for product in products])
        ends = {"live": calendar.end + DAY, "hidden": calendar.end - 45 * DAY, "draft": 0}
        self._until = np.array([ends[product.status] for product in products])
        self._peak = np.array([KINDS[product.kind].peak for product in products])
        self._season = np.array([KINDS[product.kind].season for product in products])
        self._days: dict[int, np.ndarray] = {}

    def at(self, moment: int) -> np.ndarray:
        day = moment // DAY
        if day not in self._days:
            noon = day * DAY + DAY // 2
            season = self._season * np.cos((day_of_year(noon) - self._peak) / 365.2425 * 2 * np.pi)
            age = (noon - self._created) / DAY
            new = np.where((age > 0) & (age < 45), NEWNESS * (1 - age / 45), 0.0)
            # A product made during a day is on the shelf from the next one.
            there = (self._created <= day * DAY) & (self._until > day * DAY)
            self._days[day] = np.where(there, season + new, NOWHERE)
        return self._days[day]


def companions(products: list[Product], preferences: Preferences) -> dict[int, tuple[int, ...]]:
    """Planted pairs: for each product the two that complete it best: the kinds of `COMPLEMENTS`, same taste."""
    by_kind: dict[str, list[int]] = {}
    for index, product in enumerate(products):
        if product.status == "live":
            by_kind.setdefault(product.kind, []).append(index)
    pairs = {}
    for index, product in enumerate(products):
        liked = preferences.of_taste(product.taste)
        found = []
        for kind in COMPLEMENTS[product.kind][:2]:
            rivals = by_kind.get(kind, [])
            scores = [
                liked[rival]
                + (products[rival].colour == product.colour)
                + 0.5 * (products[rival].brand == product.brand)
                for rival in rivals
            ]
            if rivals:
                found.append(rivals[int(np.argmax(scores))])
        pairs[index] = tuple(found)
    return pairs


def draw(rng: np.random.Generator, weights: np.ndarray) -> int:
    """One index, by the softmax of log weights."""
    total = np.cumsum(np.exp(weights - weights.max()))
    return int(np.searchsorted(total, rng.random() * total[-1], side="right"))


class Baskets:
    """Fills one basket after the other for one customer, who remembers what is already at home."""

    def __init__(self, rng: np.random.Generator, shelf: Shelf, preferences: Preferences) -> None:
        self._rng, self._shelf, self._preferences = rng, shelf, preferences
        self.pairs = companions(shelf.products, preferences)
        products = shelf.products
        self._members = {kind: np.array([product.kind == kind for product in products]) for kind in KINDS}
        self._rebuy = np.array([KINDS[product.kind].rebuy for product in products])
        self._colours = np.array([product.colour for product in products])

    def fill(self, liking: np.ndarray, owned: np.ndarray, moment: int) -> list[int]:
        """Indices of distinct products; the first is the reason to come, the others often complete it."""
        rng, shelf = self._rng, self._shelf.at(moment)
        weights = liking + shelf + self._rebuy * owned
        first = draw(rng, self._preferences.common + shelf) if rng.random() < WANDER else draw(rng, weights)
        basket = [first]
        while rng.random() < MORE_LINES and len(basket) < 7:
            following = self._completing(weights, basket) if rng.random() < TOGETHER else weights.copy()
            following[basket] = NOWHERE * 2
            choice = draw(rng, following)
            if following[choice] <= NOWHERE / 2:
                break
            basket.append(choice)
        return basket

    def _completing(self, weights: np.ndarray, basket: list[int]) -> np.ndarray:
        anchor = basket[int(self._rng.integers(len(basket)))]
        kinds = COMPLEMENTS[self._shelf.products[anchor].kind]
        falling = 0.6 ** np.arange(len(kinds))
        kind = kinds[int(self._rng.choice(len(kinds), p=falling / falling.sum()))]
        following = np.where(self._members[kind], weights, NOWHERE * 2)
        following += 0.8 * (self._colours == self._colours[anchor])
        for companion in self.pairs[anchor]:
            following[companion] += COMPANION
        return following


def make_orders(
    seed: int, calendar: Calendar, products: list[Product], customers: list[Customer], buying: Buying
) -> list[Order]:
    """All orders by time, numbered in that order."""
    rng = stream(seed, "orders")
    preferences = Preferences(products)
    shelf = Shelf(products, calendar)
    baskets = Baskets(rng, shelf, preferences)
    orders = []
    for customer, times in zip(customers, buying.times, strict=True):
        if not times:
            continue
        liking = preferences.of(customer)
        owned = np.zeros(len(products), dtype=bool)
        for moment in times:
            basket = baskets.fill(liking, owned, moment)
            owned[basket] = True
            orders.append(one_order(rng, customer, [products[index] for index in basket], moment, calendar.end))
    return number_orders(orders)


def number_orders(orders: list[Order]) -> list[Order]:
    """By time, and numbered in that order."""
    orders.sort(key=lambda order: (order.placed_at, order.customer.id))
    for number, order in enumerate(orders, start=100_001):
        order.number = f"D{number}"
        for payment in order.payments:
            payment.id = f"{'PAY' if payment.kind == 'payment' else 'REF'}{number}"
    return orders


def one_order(rng: np.random.Generator, customer: Customer, basket: list[Product], moment: int, end: int) -> Order:
    """What a customer puts into the basket at a moment, and what has become of it by `end`."""
    month_day = tuple(int(part) for part in iso(moment + 8 * HOUR)[5:10].split("-"))
    lines = [_line(rng, customer, product, on_sale=month_day in SALE_DAYS) for product in basket]
    order = Order(customer, moment, lines)
    goods = sum(line.amount for line in lines)
    if rng.random() < (0.24 if customer.price_group == "careful" else 0.05):
        order.discount = goods // 1_000 * 100  # a tenth, in whole yuan
    fee, free_from = (1_200, 19_900) if customer.country == "CN" else (6_000, 80_000)
    order.shipping = 0 if goods >= free_from else fee
    order.channel = "app" if rng.random() < (0.6 if customer.language == "zh" else 0.3) else "web"
    _live_on(rng, order, end)
    return order


def _line(rng: np.random.Generator, customer: Customer, product: Product, *, on_sale: bool) -> Line:
    variant = _variant(rng, customer, product)
    quantity = 1 + int(rng.poisson(KINDS[product.kind].extra))
    name = product.name_zh if customer.language == "zh" else product.name_en
    discount = 0
    if on_sale and rng.random() < 0.5:
        discount = quantity * variant.price * 15 // 10_000 * 100
    return Line(product, variant, name + variant_label(variant, customer.language), quantity, variant.price, discount)


def _variant(rng: np.random.Generator, customer: Customer, product: Product) -> Variant:
    """People keep to their size; now and then they take the next one, mostly as a present."""
    variants = product.variants
    if KINDS[product.kind].option != "size":
        return variants[int(rng.integers(len(variants)))]
    options = [variant.options["size"] for variant in variants]
    if product.kind == "socks":
        place = 0 if customer.shoe_size <= "38" else 1 if customer.shoe_size <= "42" else 2
    else:
        place = options.index(customer.shoe_size if options[0].isdigit() else customer.cloth_size)
    if rng.random() < 0.08:
        place += 1 if rng.random() < 0.5 else -1
    return variants[min(max(place, 0), len(variants) - 1)]


def _live_on(rng: np.random.Generator, order: Order, end: int) -> None:
    """What has happened to the order by `end`: payment, parcel, arrival, sometimes a return."""
    fate, wait = rng.random(), rng.random(5)
    method = _method(rng, order.customer)
    paid_at = order.placed_at + 20 + int(-np.log(1 - wait[0] * 0.999) * 300)
    if fate < 0.022 and order.placed_at < end - DAY:
        order.status = "cancelled"
        return
    if paid_at >= end:
        return
    order.status = "paid"
    order.payments.append(Payment("", "payment", order.total, paid_at, method))
    abroad = order.customer.country != "CN"
    shipped_at = paid_at + int((6 + 36 * wait[1]) * HOUR)
    if fate < 0.030 and shipped_at < end:
        order.status = "cancelled"
        order.payments.append(Payment("", "refund", order.total, shipped_at, method))
        return
    slow = 4.0 if wait[2] > 0.93 else 0.0
    delivered_at = shipped_at + int(((5 + 6 * wait[2]) if abroad else (1 + 2 * wait[2] + slow)) * DAY)
    if delivered_at >= end:
        order.status = "shipped" if shipped_at < end else "paid"
        return
    order.status, order.delivered_at = "delivered", delivered_at
    poor = np.mean([1.0 - line.product.quality["quality"] for line in order.lines])
    returned_at = delivered_at + int((1 + 12 * wait[3]) * DAY)
    if wait[4] < 0.03 * np.exp(0.5 * poor - 0.2) and returned_at < end:
        worst = min(order.lines, key=lambda line: line.product.quality["quality"])
        share = worst.amount / max(sum(line.amount for line in order.lines), 1)
        amount = worst.amount - int(order.discount * share)
        order.payments.append(Payment("", "refund", min(amount, order.total), returned_at, method))


def _method(rng: np.random.Generator, customer: Customer) -> str:
    methods = ("wechat_pay", "alipay", "card") if customer.country == "CN" else ("card", "paypal", "alipay")
    return methods[int(rng.choice(3, p=(0.5, 0.4, 0.1)))]
