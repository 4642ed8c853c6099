"""What the demo shop says itself of half of its products: pattern and material, from which attributes are learned."""

from collections.abc import Iterator, Sequence

from catalog.demo.chance import stream
from catalog.demo.shop import Shop

Row = Sequence[object]
TAGS = ("product", "kind", "value")
SHARE = 0.5
PATTERNS = {"plain": "plain", "stripes": "striped", "dots": "dotted", "checks": "checked", "floral": "floral"}
MATERIALS = {
    "cotton": "cotton", "linen": "linen", "wool": "wool", "silk": "silk", "denim": "denim", "leather": "leather",
    "suede": "leather", "ceramic": "ceramic", "stoneware": "ceramic", "porcelain": "ceramic", "glass": "glass",
    "steel": "metal", "brass": "metal", "oak": "wood",
}  # fmt: skip
"""By key of the generator: key of the label that begins with every shop. Others have none."""


def files(shop: Shop) -> list[tuple[str, tuple[str, ...], Iterator[Row]]]:
    """`tags.csv`; the same shop gives the same rows."""
    return [("tags", TAGS, _tags(shop))]


def _tags(shop: Shop) -> Iterator[Row]:
    rng = stream(shop.seed, "tags")
    for product in shop.products:
        if rng.random() >= SHARE:
            continue
        yield product.id, "pattern", PATTERNS[product.pattern]
        if product.material in MATERIALS:
            yield product.id, "material", MATERIALS[product.material]
