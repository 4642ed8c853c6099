"""What the assistant decided about a message (`Message.answer`), in words for staff."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.components import figure
from crm.assistant.answering import Act
from crm.models import Message
from recommender.answers import FALLBACK
from recommender.choices import BESIDE
from recommender.reasons import source_name
from reviews.models import Intent

ACTS: dict[str, Any] = {
    Act.ARTICLE: pgettext_lazy("the assistant", "Quoted an article"),
    Act.ORDER: pgettext_lazy("the assistant", "Told the state of an order"),
    Act.PRODUCTS: pgettext_lazy("the assistant", "Showed products"),
    Act.WORDS: pgettext_lazy("the assistant", "Said its own words"),
    Act.ASK_ORDER: pgettext_lazy("the assistant", "Asked for an order number"),
    Act.ASK: pgettext_lazy("the assistant", "Asked which was meant"),
    Act.UNKNOWN: pgettext_lazy("the assistant", "Did not understand"),
    Act.HAND_OVER: pgettext_lazy("the assistant", "Handed over to a person"),
}
RULES: dict[str, Any] = {
    "person": gettext_lazy("Asked for a person"),
    "injury": gettext_lazy("Injury or danger"),
    "legal": gettext_lazy("Legal threat"),
    "refund_dispute": gettext_lazy("Disputed refund"),
    "data": gettext_lazy("Personal data"),
}
WHYS: dict[str, Any] = {
    "unknown": gettext_lazy("Like nothing the shop knows"),
    "unsure": gettext_lazy("Several things may be meant"),
    "no_answer": gettext_lazy("Understood, but no article answers it"),
    "no_words": gettext_lazy("No words in it"),
    "chosen_other": gettext_lazy("None of the offers was meant"),
    "failed": gettext_lazy("The assistant failed"),
    "greeting": gettext_lazy("It introduced itself"),
    "solved": gettext_lazy("The customer said that it helped"),
    "number": gettext_lazy("The number of an order was given"),
    "chosen": gettext_lazy("The customer pressed a button"),
    "order_locked": gettext_lazy("Too many tries to look up an order"),
    "order_not_found": gettext_lazy("No order fits what was given"),
    "wanted": gettext_lazy("All that was asked for names products"),
    "near": gettext_lazy("Nothing is what was asked for; what comes near it"),
    "named": gettext_lazy("All words name products"),
    "recommended": gettext_lazy("A recommendation was asked for"),
    "intent": gettext_lazy("Sure what was meant"),
    "article": gettext_lazy("An article was found by its words"),
    "person": gettext_lazy("What was likely meant always goes to a person"),
    "person_first": gettext_lazy("An experiment lets a person answer first"),
    "silence": gettext_lazy("Nobody answered the last message"),
}


@dataclass(frozen=True)
class Logged:
    """One decision: what was done, why, and what it rests on; each a sentence or empty."""

    act: str
    why: str
    intents: str = ""
    citation: str = ""
    products: str = ""
    recommended: str = ""
    offered: str = ""
    version: str = ""

    @property
    def lines(self) -> list[str]:
        """What there is to say beside act and why."""
        return [
            one
            for one in (self.intents, self.citation, self.products, self.recommended, self.offered, self.version)
            if one
        ]


def why_words(why: str) -> str:
    """Why it was done; a rule and an intent that go to a person are named by what they are about."""
    kind, _colon, about = why.partition(":")
    if kind == "rule" and about in RULES:
        return str(RULES[about])
    if kind == "intent" and about:
        return str(WHYS["person"])
    return str(WHYS.get(why, why))


def titles_of(messages: Iterable[Message]) -> dict[str, str]:
    """What the intents in these decisions are called. One query where there are any."""
    keys = {one.get("intent", "") for row in messages for one in (row.answer or {}).get("intents", [])[:1]}
    return {one.key: one.title for one in Intent.objects.filter(key__in=keys)} if keys else {}


def logged(answer: Mapping[str, Any], titles: Mapping[str, str]) -> Logged:
    """What `Message.answer` holds, as staff read it."""
    likeliest = next(iter(answer.get("intents", [])), None)
    intents = citation = products = recommended = offered = version = ""
    if likeliest is not None:
        intents = _("Likeliest intent: %(intent)s, score %(score)s") % {
            "intent": titles.get(likeliest["intent"], likeliest["intent"]), "score": figure(likeliest["confidence"], 2),
        }  # fmt: skip
    if cited := answer.get("citation"):
        citation = _("From “%(title)s”, version %(version)s") % {
            "title": cited.get("title", ""), "version": cited.get("version", ""),
        }  # fmt: skip
    if shown := answer.get("products"):
        products = _("Products: %(names)s") % {"names": ", ".join(_named(one) for one in shown)}
    if made := answer.get("recommended"):
        recommended = _recommended(made)
    if answer.get("act") == Act.ASK and (buttons := answer.get("buttons")):
        offered = _("Offered: %(labels)s") % {"labels": ", ".join(str(one.get("label", "")) for one in buttons)}
    if answer.get("version"):
        version = _("Model %(version)s") % {"version": answer["version"]}
    act = str(answer.get("act", ""))
    return Logged(
        str(ACTS.get(act, act)), why_words(str(answer.get("why", ""))), intents, citation, products, recommended,
        offered, version,
    )  # fmt: skip


def _named(product: Mapping[str, Any]) -> str:
    """With the reason that the customer read, where it was recommended."""
    name = str(product.get("name", ""))
    return _("%(name)s (%(reason)s)") % {"name": name, "reason": product["reason"]} if product.get("reason") else name


def _recommended(made: Mapping[str, Any]) -> str:
    """How a list of recommendations came about."""
    list_ = str(BESIDE.get(made.get("placement", ""), made.get("placement", "")))
    source = str(made.get("source", ""))
    how = _("no model could be used") if source == FALLBACK else source_name(source)
    if made.get("version"):
        return _("List “%(list)s”: %(how)s, recommender %(version)s") % {
            "list": list_, "how": how, "version": made["version"],
        }  # fmt: skip
    return _("List “%(list)s”: %(how)s") % {"list": list_, "how": how}
