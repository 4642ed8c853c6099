"""How well offers fit customers: what somebody chose in a year against what offers are about, over categories.

`r(u,j)` is log(1 + n) of the products of category j that customer u bought or favoured, `r(i,j)` is 1 where offer i is
about category j or one above it (recommender.ml.affinity). Who does not want to be followed has no preferences, and
what was done before somebody had a profile forgotten does not count.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from catalog.experiment_metrics import BOUGHT
from catalog.models import Category
from marketing.models import Offer
from recommender.ml.affinity import affinity

Array = NDArray[np.float64]
YEAR = timedelta(days=365)
BATCH = 5_000
CHOSEN = f"""
SELECT w.who, w.category_id, count(*) FROM (
    SELECT o.customer_id AS who, p.category_id, o.paid_at AS at FROM catalog_order o
    JOIN catalog_orderline l ON l.order_id = o.id JOIN catalog_product p ON p.id = l.product_id
    WHERE o.customer_id = ANY(%(ids)s) AND o.status IN ({BOUGHT}) AND o.paid_at >= %(since)s AND o.paid_at < %(until)s
    UNION ALL
    SELECT i.customer_id, p.category_id, i.occurred_at FROM catalog_interaction i
    JOIN catalog_product p ON p.id = i.product_id
    WHERE i.customer_id = ANY(%(ids)s) AND i.kind = 'favourite' AND i.occurred_at >= %(since)s
        AND i.occurred_at < %(until)s
) w JOIN catalog_customer c ON c.id = w.who AND c.is_personalised
    AND (c.profile_since IS NULL OR w.at >= c.profile_since)
WHERE w.category_id IS NOT NULL GROUP BY w.who, w.category_id
"""  # noqa: S608 (our own words only)


@dataclass(frozen=True)
class Tree:
    """Categories by path, so that a branch stands together; `columns` says the place of each key."""

    keys: list[int]
    paths: list[str]

    @classmethod
    def read(cls) -> "Tree":
        rows = list(Category.objects.order_by("path").values_list("pk", "path"))
        return cls([pk for pk, _path in rows], [path for _pk, path in rows])

    @property
    def columns(self) -> dict[int, int]:
        return {pk: at for at, pk in enumerate(self.keys)}

    def branches(self, wanted: Sequence[Sequence[int]]) -> Array:
        """For each list of keys the weights of all categories: 1 for these and those below them."""
        places = self.columns
        found = np.zeros((len(wanted), len(self.keys)))
        for row, keys in enumerate(wanted):
            heads = tuple(self.paths[places[pk]] for pk in keys if pk in places)
            if heads:
                found[row] = [path.startswith(heads) for path in self.paths]
        return found


def fits(ids: NDArray[np.int64], offers: Sequence[Offer], until: datetime) -> Array:
    """Affinity of each customer with each offer [customers × offers], 0 for offers that are about nothing in particular
    and for customers of whom nothing is known. Two statements, and one more for each 5,000 customers."""
    about = Offer.categories.through.objects.filter(offer__in=[one.pk for one in offers])
    by_offer: dict[int, list[int]] = {one.pk: [] for one in offers}
    for offer, category in about.values_list("offer_id", "category_id"):
        by_offer[offer].append(category)
    if not any(by_offer.values()) or not len(ids):
        return np.zeros((len(ids), len(offers)))
    tree = Tree.read()
    weights = tree.branches(list(by_offer.values()))
    parts = [affinity(part, weights) for part in preferences(ids, tree, until)]
    return np.concatenate(parts)


def preferences(ids: NDArray[np.int64], tree: Tree, until: datetime) -> Iterator[Array]:
    """What they chose [customers × categories], 5,000 customers at a time. One statement each."""
    places = tree.columns
    for first in range(0, len(ids), BATCH):
        part = ids[first : first + BATCH].tolist()
        row_of = {pk: at for at, pk in enumerate(part)}
        found = np.zeros((len(part), len(tree.keys)))
        with connection.cursor() as cursor:
            cursor.execute(CHOSEN, {"ids": part, "since": until - YEAR, "until": until})
            for who, category, count in cursor.fetchall():
                if category in places:
                    found[row_of[who], places[category]] = count
        yield np.log1p(found)
