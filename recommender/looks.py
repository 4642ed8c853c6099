"""Whether products look alike, for the words of a reason: by the vectors that the catalogue keeps of their photos."""

from collections.abc import Collection

import numpy as np

from catalog.models import ProductVector

ALIKE = 0.8
"""Cosine from which people are told that two products look similar."""


def alike(pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those pairs of products whose photos look alike. Vectors of different versions are never compared. One query,
    none without pairs."""
    if not pairs:
        return set()
    rows = ProductVector.objects.of(ProductVector.Kind.IMAGE).filter(product__in={pk for pair in pairs for pk in pair})
    known = {
        product: (version, np.frombuffer(vector, "<f2").astype(np.float32))
        for product, version, vector in rows.values_list("product", "model_version", "vector")
    }
    return {
        pair
        for pair in pairs
        if pair[0] in known
        and pair[1] in known
        and known[pair[0]][0] == known[pair[1]][0]
        and len(known[pair[0]][1]) == len(known[pair[1]][1])
        and float(known[pair[0]][1] @ known[pair[1]][1]) >= ALIKE
    }
