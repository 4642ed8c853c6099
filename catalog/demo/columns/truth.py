"""What was planted in a large shop and has to be found again, written piece by piece."""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, TextIO

from catalog.demo.chance import iso
from catalog.demo.columns.goods import COLOUR_NAMES, KIND_NAMES, TASTE_NAMES, Goods
from catalog.demo.columns.people import GROUP_NAMES, SLOPE_STEP, Buying, People
from catalog.demo.customers import LEAVE_A, LEAVE_B, RATE_SHAPE
from catalog.demo.products import Product
from catalog.demo.sizes import Size


def write_truth(
    path: Path, seed: int, size: Size, until: date, goods: Goods, people: People, buying: Buying,
    aspects: dict[str, dict[str, int]],
) -> None:  # fmt: skip
    """In the form of `Shop.truth`; `aspects` are those that each review speaks of."""
    alpha = round(float(people.raw_rate[0] / buying.rates[0]), 4)
    head = {
        "seed": seed,
        "size": size.name,
        "until": until.isoformat(),
        "bg_nbd": {"r": RATE_SHAPE, "a": LEAVE_A, "b": LEAVE_B, "alpha": alpha},
    }
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head)[:-1] + ',\n"customers": {\n')
        _entries(file, ((people.id[n], _customer_truth(people, buying, n)) for n in range(len(people))))
        file.write('},\n"products": {\n')
        _entries(file, ((one.id, _product_truth(goods, n, one)) for n, one in enumerate(goods.products)))
        file.write('},\n"reviews": {\n')
        _entries(file, aspects.items())
        file.write("}}\n")


def _entries(file: TextIO, entries: Iterable[tuple[str, dict[str, Any]]]) -> None:
    for place, (key, value) in enumerate(entries):
        file.write(("," if place else "") + f'"{key}": {json.dumps(value)}\n')


def _customer_truth(people: People, buying: Buying, n: int) -> dict[str, Any]:
    return {
        "taste": TASTE_NAMES[people.taste[n]],
        "price_group": GROUP_NAMES[people.price_group[n]],
        "price_slope": round(float(people.slope[n]) * SLOPE_STEP, 4),
        "favourite_kinds": [KIND_NAMES[kind] for kind in people.kinds[n]],
        "favourite_colour": COLOUR_NAMES[people.colour[n]],
        "buys": bool(people.buys[n]),
        "rate": round(float(buying.rates[n]), 6),
        "leaves_after": int(people.leaves_after[n]),
        "gone_at": iso(buying.gone_at[n]) if buying.gone_at[n] else None,
    }


def _product_truth(goods: Goods, n: int, product: Product) -> dict[str, Any]:
    return {
        **product.truth,
        "taste": product.taste,
        "popularity": round(product.popularity, 4),
        "quality": {aspect: round(value, 4) for aspect, value in product.quality.items()},
        "bought_with": [goods.products[other].id for other in goods.pairs[n].tolist() if other >= 0],
    }
