"""Personal order in search: how much the last acts of a person speak for products that match."""

from collections.abc import Sequence

from catalog.models import Customer, Visitor
from catalog.search.answers import Taste
from catalog.selectors import product_cards
from core import model_registry as registry
from recommender import reasons
from recommender.choices import RECOMMENDER
from recommender.ml.serving import POPULAR, ServingModel, build
from recommender.selectors import Act, recent_acts

MOST_ACTS = 20
MOST_TOLD = 40
"""Products at the top of the taste whose reason is put into words."""


def taste_for(*, customer: Customer | None, visitor: Visitor | None, product_ids: Sequence[int]) -> Taste | None:
    """Scores from 0 to 1 for those products that the history speaks for; None without history, model or liking.

    One query for each identity, one for the names in the reasons; the model answers from memory.
    """
    acts = recent_acts(customer=customer, visitor=visitor, limit=MOST_ACTS)
    speaking: dict[int, Act] = {}
    for act in acts:  # newest first: the model lets those speak loudest
        if act.weight > 0:
            speaking.setdefault(act.product_id, act)
    loaded = registry.active(RECOMMENDER) if speaking else None
    if loaded is None:
        return None
    model: ServingModel = loaded.built(build)
    history = [(act.product_id, act.weight) for act in speaking.values()]
    found = model.recommend(history, k=len(product_ids), allowed=model.mask(product_ids), by_session=False)
    liked = [one for one in found if one.source != POPULAR and one.score > 0]
    if not liked:
        return None
    best = max(one.score for one in liked)
    told = [one for one in liked[:MOST_TOLD] if one.reason_product_id in speaking]
    names = product_cards({one.reason_product_id for one in told if one.reason_product_id is not None})
    sentences: dict[int, tuple[str, str]] = {}
    for one in told:
        card = names.get(one.reason_product_id or 0)
        if card is not None and one.reason_product_id is not None:
            code = reasons.BECAUSE[speaking[one.reason_product_id].kind]
            sentences[one.product_id] = (code, reasons.sentence(code, str(card["name"])))
    return Taste({one.product_id: one.score / best for one in liked}, sentences)
