"""What groups of customers like, and which open offers fit them: affinity over categories, beside everybody's."""

from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from catalog.models import Category
from marketing.models import Offer
from marketing.offers.fitting import Tree, preferences
from recommender.ml.affinity import affinity

Array = NDArray[np.float64]
SHOWN, MOST_OFFERS = 3, 30
FEWEST = 30
"""Customers of whom something is known, below whom nothing is said of a group."""


def of_groups(
    ids: NDArray[np.int64], labels: NDArray[np.int64], groups: int, until: datetime
) -> list[dict[str, Any]]:  # fmt: skip
    """For each group `{"customers", "categories": [{"id", "fit", "everybody", "share", "share_everybody"}, …],
    "offers": [{"id", "fit", "everybody"}, …]}`: departments and open offers that fit it better than everybody, the best
    first.

    A group's preferences are the sum of its customers'. `share` is the department's part of them."""
    tree = Tree.read()
    sums, known = np.zeros((groups, len(tree.keys))), np.zeros(groups, np.int64)
    first = 0
    for part in preferences(ids, tree, until):
        mine = labels[first : first + len(part)]
        np.add.at(sums, mine, part)
        np.add.at(known, mine, part.any(axis=1).astype(np.int64))
        first += len(part)
    departments = list(Category.objects.filter(depth=1).order_by("path").values_list("pk", flat=True))
    offers = _open_offers(until)
    everybody = sums.sum(axis=0)
    found: list[dict[str, Any]] = []
    branches, about = tree.branches([[pk] for pk in departments]), tree.branches(list(offers.values()))
    for group in range(groups):
        said: dict[str, Any] = {"customers": int(known[group]), "categories": [], "offers": []}
        if known[group] >= FEWEST:
            said["categories"] = _better(departments, branches, sums[group], everybody, with_share=True)
            said["offers"] = _better(list(offers), about, sums[group], everybody)
        found.append(said)
    return found


def _better(
    keys: list[int], weights: Array, mine: Array, everybody: Array, *, with_share: bool = False
) -> list[dict[str, Any]]:  # fmt: skip
    if not keys:
        return []
    own, others = affinity(mine, weights)[0], affinity(everybody, weights)[0]
    rows: list[dict[str, Any]] = []
    for at in np.argsort(others - own, kind="stable").tolist():
        if own[at] <= others[at] or len(rows) == SHOWN:
            break
        row: dict[str, Any] = {"id": keys[at], "fit": float(own[at]), "everybody": float(others[at])}
        if with_share:
            row["share"] = float(mine @ weights[at] / mine.sum())
            row["share_everybody"] = float(everybody @ weights[at] / everybody.sum())
        rows.append(row)
    return rows


def _open_offers(at: datetime) -> dict[int, list[int]]:
    """Categories of the newest open offers that are about some."""
    rows = Offer.objects.filter(is_active=True).exclude(ends_at__lte=at).filter(~Q(categories=None))
    newest = rows.distinct().order_by("-pk").prefetch_related("categories")[:MOST_OFFERS]
    return {one.pk: [category.pk for category in one.categories.all()] for one in newest}
