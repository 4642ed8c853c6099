"""Why a product is shown, in the reader's language."""

from collections.abc import Callable
from functools import lru_cache, partial

from django.utils.translation import get_language
from django.utils.translation import gettext as _

BECAUSE = {
    "purchase": "because_you_bought",
    "cart": "because_of_your_basket",
    "basket": "because_of_your_basket",
    "page": "goes_with_this_product",
    "favourite": "because_you_liked",
    "rating": "because_you_liked",
    "view": "because_you_viewed",
    "search": "because_you_viewed",
}
"""Reason code by what the person did with the product that speaks for this one."""


def sentence(code: str, product_name: str = "") -> str:
    """The reason as customers read it. `product_name` is that of the category for `popular_in_category`; codes without
    a product need no name."""
    return _sentence(get_language() or "", code, product_name)


def sentences() -> Callable[[str, str], str]:
    """The same for many of them: the language of this thread is looked up once."""
    return partial(_sentence, get_language() or "")


@lru_cache(maxsize=4_096)
def _sentence(language: str, code: str, product_name: str) -> str:
    """Each answer has ten of them, most often the same ones. `language` is that of this thread."""
    match code:
        case "because_you_bought":
            return _("Because you bought %(name)s") % {"name": product_name}
        case "because_of_your_basket":
            return _("Goes with %(name)s in your basket") % {"name": product_name}
        case "goes_with_this_product":
            return _("Often chosen together with %(name)s") % {"name": product_name}
        case "because_you_liked":
            return _("Because you liked %(name)s") % {"name": product_name}
        case "because_you_viewed":
            return _("Because you looked at %(name)s") % {"name": product_name}
        case "looks_similar":
            return _("Looks similar to %(name)s") % {"name": product_name}
        case "bought_together":
            return _("Often bought together with %(name)s") % {"name": product_name}
        case "popular_with_people_like_you":
            return _("Popular with customers like you")
        case "popular_in_category":
            return _("Popular in %(name)s") % {"name": product_name}
        case "popular_now":
            return _("Popular right now")
        case "rising":
            return _("Rising fast right now")
        case "popular":
            return _("Popular with our customers")
        case "new":
            return _("New in the shop")
        case "chosen_by_the_shop":
            return _("Chosen for you by the shop")
    raise ValueError(f"No such reason: {code}")


def again(kind: str) -> str:
    """The reason of a product that the person met before, and that speaks for itself. `kind` is that of the act."""
    match kind:
        case "purchase":
            return _("You bought this before")
        case "cart":
            return _("You had this in your basket")
        case "favourite" | "rating":
            return _("You liked this")
    return _("You looked at this before")


def source_name(source: str) -> str:
    """The step of the chain that gave an item, as staff read it."""
    match source:
        case "personal":
            return _("from what this person did")
        case "session":
            return _("from this visit")
        case "item":
            return _("goes with products")
        case "segment":
            return _("popular in the segment")
        case "category":
            return _("popular in the category")
        case "trending":
            return _("popular right now")
        case "rising":
            return _("rising fast")
        case "popular":
            return _("popular")
        case "newest":
            return _("new in the shop")
        case "pinned":
            return _("pinned or tried by a rule")
    return source


def strategy_name(strategy: str) -> str:
    """How the live model ranks, as staff read it."""
    match strategy:
        case "item_knn":
            return _("item neighbours")
        case "blend":
            return _("several methods together")
        case "ease":
            return _("linear item model")
        case "ials":
            return _("matrix factorisation")
        case "rp3beta":
            return _("random walk")
        case "sequence_rules" | "sequence_walk":
            return _("what came after")
        case "content":
            return _("descriptions")
        case "two_tower":
            return _("two-tower network")
        case "popularity":
            return _("popularity")
        case "popularity_recent":
            return _("popularity of late")
        case "newest":
            return _("newest first")
        case "similar":
            return _("like the product on the page")
        case "together":
            return _("bought together with the product or basket")
        case "category":
            return _("popular in the category")
        case "trending":
            return _("popular right now")
        case "rising":
            return _("rising fast")
        case "affinity":
            return _("popular in the categories this person likes")
    return strategy


def shortfall(code: str) -> str:
    """Why an answer has fewer items than asked for, as staff read it; empty for none."""
    match code:
        case "no_fill":
            return _("Fewer products than slots: the placement shows a shorter list when too little is found.")
        case "rules":
            return _("Fewer products than slots: no more pass the filter and the rules.")
        case "nothing_left":
            return _("Fewer products than slots: no more are live, in stock and new to this person.")
    return ""
