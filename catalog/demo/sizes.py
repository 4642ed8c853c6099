"""How large a demo shop is. A new size is a new row here and nothing else."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Targets of one shop: products and customers are met exactly, the rest within a few percent.

    `in_columns` makes the shop as columns (catalog.demo.columns): for shops that do not fit in memory as objects. Their
    product names carry a collection, because plain ones run out, and their products share pictures.
    """

    name: str
    products: int
    customers: int
    orders: int
    interactions: int
    reviews: int
    months: int = 18
    second_pictures: float = 0.2  # share of products with a close-up beside the main picture
    in_columns: bool = False


SIZES = {
    size.name: size
    for size in [
        Size("small", products=240, customers=2_000, orders=8_000, interactions=60_000, reviews=1_500),
        Size("medium", products=2_000, customers=2_500, orders=10_000, interactions=100_000, reviews=3_000),
        Size(
            "large", products=50_000, customers=100_000, orders=1_000_000, interactions=5_000_000, reviews=50_000,
            months=24, in_columns=True,
        ),
    ]
}  # fmt: skip
