"""What the recommender learns from: the only place that knows where it comes from."""

from datetime import datetime

import numpy as np
import pandas as pd
from django.db import connection
from django.db.models import Count
from numpy.typing import NDArray

from catalog.devices import DEVICES
from catalog.models import Category, Order, Product, ProductTag, ProductVector
from recommender.choices import ACT_WEIGHTS, LIKED_FROM_STARS
from recommender.ml.context import NO_DEVICE
from recommender.ml.item_facts import ItemFacts

CHUNK = 50_000
PLACES = {device: place for place, device in enumerate(DEVICES)}
ORDERS = """
SELECT DISTINCT l.order_id AS basket, l.product_id AS item FROM catalog_orderline l
JOIN catalog_order o ON o.id = l.order_id AND o.status = ANY(%(bought)s)
JOIN catalog_product p ON p.id = l.product_id AND p.deleted_at IS NULL
WHERE o.placed_at >=
    (SELECT max(placed_at) FROM catalog_order WHERE status = ANY(%(bought)s)) - make_interval(days => %(days)s)
"""
QUERY = """
SELECT COALESCE(i.customer_id, -i.visitor_id) AS customer, i.product_id AS item,
       EXTRACT(EPOCH FROM i.occurred_at)::float8 AS timestamp, i.kind AS kind, i.context->>'device' AS device
FROM catalog_interaction i
JOIN catalog_product p ON p.id = i.product_id AND p.deleted_at IS NULL
LEFT JOIN catalog_visitor v ON v.id = i.visitor_id
LEFT JOIN catalog_customer c ON c.id = i.customer_id
WHERE i.occurred_at <= %(until)s AND i.kind = ANY(%(kinds)s)
  AND COALESCE(i.customer_id, i.visitor_id) IS NOT NULL
  AND COALESCE(v.may_track, true) AND COALESCE(c.is_personalised, true)
  AND (v.profile_since IS NULL OR i.occurred_at >= v.profile_since)
  AND (c.profile_since IS NULL OR i.occurred_at >= c.profile_since)
  AND (i.kind <> 'rating' OR i.value >= %(liked)s)
"""


def interactions(*, until: datetime) -> pd.DataFrame:
    """What people did until then, oldest first.

    Columns: customer (int64; negative for visitors nobody knows), item (product id, int64), timestamp (seconds since
    1970, float64), value (weight of the act, float32), device (place in catalog.devices.DEVICES, int8; -1: not known).
    People who switched personalisation or tracking off are left out, and so is what somebody did before they had their
    profile forgotten. Read through a server-side cursor, so memory grows with the frame and not with the answer's text.
    """
    kinds = [kind for kind, weight in ACT_WEIGHTS.items() if weight > 0]
    parts: list[pd.DataFrame] = []
    with connection.chunked_cursor() as cursor:
        cursor.execute(QUERY, {"until": until, "kinds": kinds, "liked": LIKED_FROM_STARS})
        while rows := cursor.fetchmany(CHUNK):
            part = pd.DataFrame(rows, columns=["customer", "item", "timestamp", "kind", "device"])
            part["value"] = part["kind"].map(ACT_WEIGHTS).astype(np.float32)
            part["device"] = part["device"].map(PLACES).fillna(NO_DEVICE).astype(np.int8)
            parts.append(part.drop(columns="kind").astype({"customer": np.int64, "item": np.int64}))
    if not parts:
        return pd.DataFrame(
            {"customer": np.array([], np.int64), "item": np.array([], np.int64),
             "timestamp": np.array([], float), "value": np.array([], np.float32), "device": np.array([], np.int8)}
        )  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    return frame.sort_values(["timestamp", "customer", "item"], kind="stable", ignore_index=True)


def baskets(*, days: int) -> pd.DataFrame:
    """What lay in one order, over the last days of orders. Columns: basket (order), item (product id), int64."""
    parts: list[NDArray[np.int64]] = [np.empty((0, 2), np.int64)]
    with connection.chunked_cursor() as cursor:
        cursor.execute(ORDERS, {"bought": list(Order.BOUGHT), "days": days})
        while rows := cursor.fetchmany(CHUNK):
            parts.append(np.array(rows, np.int64))
    return pd.DataFrame(np.concatenate(parts), columns=["basket", "item"])


def live_items() -> NDArray[np.int64]:
    """Ids of the products that are live, whether anybody met them or not, increasing."""
    ids = (
        Product.objects.filter(status=Product.Status.LIVE, deleted_at=None).order_by("pk").values_list("pk", flat=True)
    )
    return np.fromiter(ids.iterator(CHUNK), np.int64)


def item_facts(item_ids: NDArray[np.integer]) -> ItemFacts:
    """What the catalogue says of these products, in their order: name and description in all languages as text;
    category with its ancestors, brand, attributes and tags as attributes; what their photos look like as vectors."""
    place = {int(pk): at for at, pk in enumerate(item_ids)}
    texts = [""] * len(place)
    attributes: list[list[str]] = [[] for _ in place]
    names = dict(Category.objects.values_list("path", "pk"))
    step = Category.steplen
    columns = (
        "pk", "name", "name_translations", "description", "description_translations", "category__path", "brand_id",
        "attributes",
    )  # fmt: skip
    for pk, name, names_too, description, more, path, brand, own in (
        Product.objects.filter(pk__in=place.keys()).values_list(*columns).iterator(CHUNK)
    ):
        at = place[pk]
        texts[at] = " ".join([name, *map(str, names_too.values()), description, *map(str, more.values())])
        above = [path[:end] for end in range(step, len(path or "") + 1, step)]
        attributes[at] += [f"category={names[part]}" for part in above if part in names]
        attributes[at] += [f"brand={brand}"] if brand else []
        attributes[at] += [f"{key}={value}".lower() for key, value in own.items() if isinstance(value, str | int)]
    tags = ProductTag.objects.filter(product_id__in=place.keys()).values_list("product_id", "kind", "value")
    for pk, kind, value in tags.iterator(CHUNK):
        attributes[place[pk]].append(f"{kind}={value}".lower())
    return ItemFacts(attributes, texts, _vectors(place))


def _vectors(place: dict[int, int]) -> NDArray[np.float32] | None:
    """What the photos of products look like, float32 [products, D], zero for those without; None where there are none.

    All vectors should be of one version. Should there be several after all, the one that most products have counts (of
    equally common ones the newest) and the others are left out: numbers of two networks say nothing about each other.
    """
    rows = ProductVector.objects.of(ProductVector.Kind.IMAGE).filter(product_id__in=place.keys())
    counted = rows.values("model_version", "dimensions").annotate(products=Count("pk"))
    kinds = sorted(counted, key=lambda one: (one["products"], one["model_version"], one["dimensions"]))
    if not kinds:
        return None
    width, version = kinds[-1]["dimensions"], kinds[-1]["model_version"]
    vectors = np.zeros((len(place), width), np.float32)
    found = rows.filter(model_version=version, dimensions=width).values_list("product_id", "vector")
    for pk, vector in found.iterator(CHUNK):
        own = np.frombuffer(vector, "<f2")
        if len(own) == width and np.isfinite(own).all():
            vectors[place[pk]] = own
    return vectors
