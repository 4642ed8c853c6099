"""How large a demo shop is. A new size is a new row here and nothing else."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Targets of one shop: products and customers are met exactly, the rest within a few percent."""

    name: str
    products: int
    customers: int
    orders: int
    interactions: int
    reviews: int
    months: int = 18
    second_pictures: float = 0.2  # share of products with a close-up beside the main picture


SIZES = {
    size.name: size
    for size in [Size("small", products=240, customers=2_000, orders=8_000, interactions=60_000, reviews=1_500)]
}
