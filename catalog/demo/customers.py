"""Customers with planted truth: a taste, a sensitivity to price, a rate of buying and a hazard of leaving."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from catalog.demo.chance import Calendar, stream
from catalog.demo.kinds import CLOTH_SIZES, KINDS, SHOE_SIZES
from catalog.demo.people import FIRST_EN, GIVEN_ZH, LAST_EN, PLACES_EN, PLACES_ZH, SURNAMES_ZH, Place, pairs, phone
from catalog.demo.products import Product
from catalog.demo.sizes import Size
from catalog.demo.world import COLOURS, TASTES

# BG/NBD (Fader, Hardie and Lee 2005): rates are gamma, the chance to leave after each purchase is beta.
RATE_SHAPE = 0.85
LEAVE_A, LEAVE_B = 0.9, 5.5
NEVER_BUYS = 0.12
CHINESE = 0.72
PRICE_GROUPS = {"careful": (0.35, 1.7), "middle": (0.45, 0.7), "generous": (0.20, -0.4)}  # share, slope in log price
SOLE_TASTE = 0.6
FAVOURITE_KIND = 1.1
FAVOURITE_COLOUR = 0.8


@dataclass(slots=True)
class Customer:
    id: str
    name: str
    email: str
    phone: str
    locale: str
    country: str
    city: str
    created_at: int
    birthday: str
    personalisation: bool
    taste: str
    price_group: str
    price_slope: float
    favourite_kinds: tuple[str, ...]
    favourite_colour: str
    cloth_size: str
    shoe_size: str
    raw_rate: float  # purchases per busy day before the scale that meets the wished number of orders
    leaves_after: int  # number of purchases after which this customer is gone
    buys: bool
    visitor: str

    @property
    def language(self) -> str:
        return self.locale[:2]


def make_customers(seed: int, size: Size, calendar: Calendar) -> list[Customer]:
    """`size.customers` customers in order of registration; more of them come the longer the shop is open."""
    return list(each_customer(seed, size, calendar))


def each_customer(seed: int, size: Size, calendar: Calendar) -> Iterator[Customer]:
    """The same one by one, for shops with more customers than fit as objects."""
    rng = stream(seed, "customers")
    joined = _join_times(rng, size.customers, calendar)
    used: set[str] = set()
    for number, moment in enumerate(joined, start=1):
        yield _one(rng, number, int(moment), used)


def _join_times(rng: np.random.Generator, count: int, calendar: Calendar) -> np.ndarray:
    """One in eight came with the opening, the others at a rate that grows by a half until the end."""
    whole = calendar.busy[-1]
    opening = rng.exponential(0.035 * whole, count)
    # Inverse of the distribution with density proportional to 1 + x / 2 on [0, 1].
    steady = whole * (np.sqrt(1 + 1.25 * rng.random(count)) - 1) * 2
    busy = np.where(rng.random(count) < 0.125, np.minimum(opening, whole * 0.2), steady)
    return np.sort(calendar.to_time(busy))


def _one(rng: np.random.Generator, number: int, created_at: int, used: set[str]) -> Customer:
    chinese = rng.random() < CHINESE
    name, stem = _name(rng, chinese)
    place = _place(rng, PLACES_ZH if chinese else PLACES_EN)
    taste = str(rng.choice(list(TASTES), p=[taste.share for taste in TASTES.values()]))
    price_group = str(rng.choice(list(PRICE_GROUPS), p=[share for share, _ in PRICE_GROUPS.values()]))
    liked = {kind: 1.5 * TASTES[taste].kinds.get(kind, 0.0) for kind in KINDS}
    kinds = rng.choice(list(KINDS), 2, replace=False, p=_softmax(np.fromiter(liked.values(), float)))
    hues = np.array([2.0 * TASTES[taste].colours.get(colour, 0.0) for colour in COLOURS])
    body = float(rng.normal(0.45, 0.24))
    return Customer(
        id=f"C{number:06d}",
        name=name,
        email=_email(rng, stem, used),
        phone=phone(place.country, number) if rng.random() < 0.72 else "",
        locale="zh-hans" if chinese else "en",
        country=place.country,
        city=place.city,
        created_at=created_at,
        birthday=_birthday(rng) if rng.random() < 0.55 else "",
        personalisation=bool(rng.random() >= 0.04),
        taste=taste,
        price_group=price_group,
        price_slope=PRICE_GROUPS[price_group][1] + float(rng.normal(0, 0.15)),
        favourite_kinds=(str(kinds[0]), str(kinds[1])),
        favourite_colour=str(rng.choice(list(COLOURS), p=_softmax(hues))),
        cloth_size=_at(CLOTH_SIZES, body),
        shoe_size=_at(SHOE_SIZES, body + float(rng.normal(0, 0.1))),
        raw_rate=float(rng.gamma(RATE_SHAPE)),
        leaves_after=int(rng.geometric(min(max(float(rng.beta(LEAVE_A, LEAVE_B)), 1e-4), 1.0))),
        buys=bool(rng.random() >= NEVER_BUYS),
        visitor=f"v{int(rng.integers(1 << 62)):016x}",
    )


def _softmax(values: np.ndarray) -> np.ndarray:
    weights = np.exp(values - values.max())
    return weights / weights.sum()


def _at(options: tuple[str, ...], place: float) -> str:
    return options[min(max(int(place * len(options)), 0), len(options) - 1)]


def _name(rng: np.random.Generator, chinese: bool) -> tuple[str, str]:
    """The name as written, and its Latin stem for the address."""
    if chinese:
        surname, given = (options[int(rng.integers(len(options)))] for options in (_SURNAMES, _GIVEN))
        return surname[0] + given[0], f"{given[1]}.{surname[1]}"
    first, last = (options[int(rng.integers(len(options)))] for options in (_FIRST, _LAST))
    return f"{first} {last}", f"{first}.{last}".lower()


def _place(rng: np.random.Generator, places: tuple[Place, ...]) -> Place:
    shares = np.array([place.share for place in places])
    return places[int(rng.choice(len(places), p=shares / shares.sum()))]


def _email(rng: np.random.Generator, stem: str, used: set[str]) -> str:
    local = stem if rng.random() < 0.3 else f"{stem}{int(rng.integers(60, 100))}"
    while local in used:
        local = f"{stem}{int(rng.integers(100, 1_000_000))}"
    used.add(local)
    return f"{local}@{'example.com' if rng.random() < 0.8 else 'example.org'}"


def _birthday(rng: np.random.Generator) -> str:
    return f"{int(rng.integers(1958, 2006))}-{int(rng.integers(1, 13)):02d}-{int(rng.integers(1, 29)):02d}"


_SURNAMES, _GIVEN = pairs(SURNAMES_ZH), pairs(GIVEN_ZH)
_FIRST, _LAST = FIRST_EN.split(), LAST_EN.split()


class Preferences:
    """Log weights with which a customer chooses among all products, before season, newness and stock of the day."""

    def __init__(self, products: list[Product]) -> None:
        self._products = products
        self._kinds = np.array([product.kind for product in products])
        self._colours = np.array([product.colour for product in products])
        self._popularity = np.array([product.popularity for product in products])
        self._quality = np.array([np.mean(list(product.quality.values())) for product in products])
        price = np.log([product.price for product in products])
        within = {kind: np.median(price[self._kinds == kind]) for kind in set(self._kinds.tolist())}
        self.dearness = price - np.array([within[kind] for kind in self._kinds.tolist()])
        self._by_taste = {name: self._taste_weights(name) for name in TASTES}

    def _taste_weights(self, name: str) -> np.ndarray:
        taste = TASTES[name]
        return np.array(
            [
                1.3 * taste.styles.get(product.style, 0.0)
                + 0.9 * taste.colours.get(product.colour, 0.0)
                + 0.8 * taste.patterns.get(product.pattern, 0.0)
                + 1.1 * taste.kinds.get(product.kind, 0.0)
                + (SOLE_TASTE if product.taste == name else 0.0)
                for product in self._products
            ]
        )

    def of(self, customer: Customer) -> np.ndarray:
        return (
            self._by_taste[customer.taste]
            + FAVOURITE_KIND * np.isin(self._kinds, customer.favourite_kinds)
            + FAVOURITE_COLOUR * (self._colours == customer.favourite_colour)
            - customer.price_slope * self.dearness
            + self.common
        )

    def of_taste(self, name: str) -> np.ndarray:
        """What a stranger of this taste looks at."""
        return self._by_taste[name] + self.common

    @property
    def common(self) -> np.ndarray:
        """What everybody shares: popularity and quality that speaks for itself."""
        return self._popularity + 0.25 * self._quality
