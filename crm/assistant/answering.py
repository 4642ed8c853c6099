"""What the assistant says to one message, and why. Reads, never writes (but for the counts of order look-ups and of
recommendations shown).

In this order, the first that fits: rules that send to a person; a button that was pressed; an order that was asked for;
products of the kind of the one that is meant, in another look; a recommendation that is asked for; an intent that is
sure; products that the message asks the shop for; what else `reviews.understanding` makes of the words (answer with
citation, ask which was meant, hand over); products whose names the words are; once a request to say it in other words;
then a person. What is sold out comes with what is like it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from catalog.models import Customer, Product, Visitor
from crm.assistant import orders, products, recommending, wording
from crm.assistant.asking import advice_asked, look_asked
from crm.assistant.recommending import Recommended
from crm.assistant.rules import Rule, rule_of
from crm.models import Conversation
from crm.selectors import standing_of
from reviews import understanding
from reviews.answers import library
from reviews.models import Intent
from reviews.understanding import ANSWER, ASK, Passage, Understanding, Why

Reason = Conversation.Reason
LONGEST_QUOTE = 700
"""Characters of an article that are said whole; of a longer one the paragraph that fits, with the link."""
PERSON, SOLVED, OTHER = "person", "solved", "other"
INTENT, ARTICLE = "intent:", "article:"


class Act(StrEnum):
    """What was done. The first four count as answered."""

    ARTICLE = "article"
    WORDS = "words"
    ORDER = "order"
    PRODUCTS = "products"
    ASK_ORDER = "ask_order"
    ASK = "ask"
    UNKNOWN = "unknown"
    HAND_OVER = "hand_over"


ANSWERED = (Act.ARTICLE, Act.WORDS, Act.ORDER, Act.PRODUCTS)
CHOSEN_OTHER = "chosen_other"
"""Why: the button that says that none of the others was meant."""


@dataclass(frozen=True)
class Talk:
    """What is known when a message comes. `last` is the `answer` of the assistant's newest message, with what it waits
    for; `customer` is signed in; `caller` is whom failed look-ups count for; `order` comes from the form of the widget,
    `product` is the one on whose page somebody asks."""

    language: str
    customer: Customer | None = None
    visitor: Visitor | None = None
    last: Mapping[str, Any] = field(default_factory=dict)
    choice: str = ""
    order: orders.Asked | None = None
    product: Product | None = None
    caller: str = ""


@dataclass(frozen=True)
class Button:
    label: str
    choice: str


@dataclass(frozen=True)
class Reply:
    """`why` is a word for logs, `handover` a reason of Conversation where a person has to take over. `waits_for` is
    what the next message is taken for: {"order": number} or nothing. `recommended` is how those of `products` that have
    a reason were chosen, with the id that clicks are credited by."""

    act: str
    why: str
    language: str
    text: str
    intents: Sequence[tuple[str, float]] = ()
    citation: Mapping[str, Any] | None = None
    buttons: Sequence[Button] = ()
    products: Sequence[Mapping[str, Any]] = ()
    recommended: Mapping[str, str] | None = None
    handover: str = ""
    skill: str = ""
    waits_for: Mapping[str, str] | None = None
    version: str = ""

    def as_json(self) -> dict[str, Any]:
        """What `Message.answer` keeps."""
        found = asdict(self)
        del found["text"]
        found["intents"] = [{"intent": key, "confidence": round(sure, 4)} for key, sure in self.intents]
        return {name: value for name, value in found.items() if value not in (None, "", (), [])}


def decide(text: str, talk: Talk) -> Reply:
    """The answer to one message, in the language it was written in. Never raises for a str."""
    language = wording.language_of(text, talk.language) if not talk.choice else talk.language
    with translation.override(wording.code_of(language)):
        rule = rule_of(text)
        if rule is not None or talk.choice == PERSON:
            return _to_person(rule or Rule.PERSON, language)
        if talk.choice:
            return _chosen(talk, language)
        asked = _order_asked(text, talk)
        if asked is not None:
            return _order(talk, asked, language, why="number")
        if not any(one.isalnum() for one in text):
            return _unknown(talk, language, why="no_words")
        return _understood(understanding.understand(text, language), text, talk, language)


def _to_person(rule: Rule, language: str) -> Reply:
    reason = Reason.ASKED if rule == Rule.PERSON else Reason.RULE
    return Reply(
        Act.HAND_OVER, f"rule:{rule.value}", language, wording.to_person(rule.value), handover=reason, skill=rule.value
    )


# --- buttons ----------------------------------------------------------------------------------------------------------


def _chosen(talk: Talk, language: str) -> Reply:
    """A button of ours. One that leads nowhere any more is answered like words nobody knows."""
    choice = talk.choice
    if choice == SOLVED:
        return Reply(Act.WORDS, "solved", language, _("Glad that it helped. Write again whenever you need something."))
    known = library.current()
    if choice.startswith(INTENT) and (intent := known.intents.get(choice.removeprefix(INTENT))):
        found = understanding.of_intent(intent, language)
        return _answered(found, intent, "", talk, language, why="chosen")
    if choice.startswith(ARTICLE):
        passage = understanding.of_article(choice.removeprefix(ARTICLE), language)
        if passage is not None:
            return _quoted(passage, language, why="chosen")
    return _unknown(talk, language, why=CHOSEN_OTHER)


# --- orders -----------------------------------------------------------------------------------------------------------


def _order_asked(text: str, talk: Talk) -> orders.Asked | None:
    """What was given of an order: by the form, or in words while the assistant waits for it."""
    if talk.order is not None:
        return talk.order
    waits = talk.last.get("waits_for")
    if not isinstance(waits, Mapping) or "order" not in waits:
        return None
    asked = orders.read(text, orders.Asked(str(waits["order"])))
    return asked if asked.proof or asked.number != str(waits["order"]) else None


def _order(
    talk: Talk, asked: orders.Asked, language: str, *, why: str, intents: Sequence[tuple[str, float]] = (),
    passage: Passage | None = None, version: str = "",
) -> Reply:  # fmt: skip
    """The state of an order, or the question for what is missing."""
    more: dict[str, Any] = {"intents": intents, "version": version}
    if talk.customer is not None:
        found = orders.own(talk.customer, asked.number)
    elif asked.is_whole:
        found = orders.guest(asked, caller=talk.caller)
    else:
        text = wording.ask_order(asked.number)
        if passage is not None:
            text = f"{_said(passage)}\n\n{text}"
        return Reply(
            Act.ASK_ORDER, why, language, text, citation=_citation(passage) if passage else None,
            buttons=[_person_button()], waits_for={"order": asked.number}, **more,
        )  # fmt: skip
    if found.outcome == orders.Outcome.FOUND:
        text = "\n".join(wording.order(one) for one in found.orders)
        if passage is not None:
            text += "\n\n" + _said(passage)
        return Reply(
            Act.ORDER, why, language, text, citation=_citation(passage) if passage else None,
            buttons=_after_answer(), **more,
        )  # fmt: skip
    if found.outcome == orders.Outcome.LOCKED:
        return Reply(Act.ASK, "order_locked", language, wording.locked(), buttons=[_person_button()], **more)
    text = wording.no_order(is_signed_in=talk.customer is not None)
    return Reply(
        Act.ASK_ORDER, "order_not_found", language, text, buttons=[_person_button()], waits_for={"order": ""}, **more
    )


# --- words ------------------------------------------------------------------------------------------------------------


def _understood(found: Understanding, text: str, talk: Talk, language: str) -> Reply:
    intents = [(one.intent.key, one.confidence) for one in found.candidates]
    if found.why == Why.PERSON:
        likely = [one.intent for one in found.candidates if one.intent.hand_over]
        rule = wording.rule_of_intent(likely[0].key) if likely else Rule.REFUND_DISPUTE
        return Reply(
            Act.HAND_OVER, f"intent:{likely[0].key}" if likely else "intent", language, wording.to_person(rule.value),
            intents=intents, handover=Reason.ASKED if rule == Rule.PERSON else Reason.RULE, skill=rule.value,
            version=found.model_version,
        )  # fmt: skip
    last = [one for one in talk.last.get("products", ()) if isinstance(one, Mapping)]
    if (look := look_asked(text)) and (meant := recommending.meant(talk.product, last)) is not None:
        same = products.of_its_kind(look, meant, customer=talk.customer, visitor=talk.visitor)
        if same:
            return _shown(same, "wanted", talk, intents, language, found.model_version)
    if (asked := advice_asked(text)) is not None:
        advised = recommending.advised(asked, talk.product, last, customer=talk.customer, visitor=talk.visitor)
        if advised is not None:
            said = wording.recommended(advised.about, is_alike=advised.is_alike)
            return Reply(
                Act.PRODUCTS, "recommended", language, said, intents=intents, products=advised.products,
                recommended=advised.listed, buttons=_after_answer(), version=found.model_version,
            )  # fmt: skip
    if found.why != Why.INTENT and (shown := products.wanted(text, customer=talk.customer, visitor=talk.visitor)):
        return _shown(shown, "near" if shown.is_near else "wanted", talk, intents, language, found.model_version)
    if found.act == ANSWER:
        intent = found.candidates[0].intent if found.why == Why.INTENT else _looks_up_order(found)
        return _answered(found, intent, text, talk, language, why=found.why.value)
    if found.why == Why.NO_ANSWER:
        return Reply(
            Act.HAND_OVER, found.why.value, language, wording.no_answer(), intents=intents, handover=Reason.UNSURE,
            version=found.model_version,
        )  # fmt: skip
    shown = products.named(text, customer=talk.customer, visitor=talk.visitor)
    if shown:
        return _shown(shown, "near" if shown.is_near else "named", talk, intents, language, found.model_version)
    if found.act == ASK:
        return _ask(found, intents, language)
    return _unknown(talk, language, why=found.why.value, intents=intents, version=found.model_version)


def _shown(
    found: products.Shown, why: str, talk: Talk, intents: Sequence[tuple[str, float]], language: str, version: str
) -> Reply:
    instead = _instead(found, talk)
    return Reply(
        Act.PRODUCTS, why, language, "\n\n".join([_told(found, instead), *_alike(instead)]), intents=intents,
        buttons=_after_answer(), version=version, **_with(found.rows, instead),
    )  # fmt: skip


def _told(found: products.Shown, instead: Recommended | None) -> str:
    if found.is_near:
        return wording.near(len(found.rows))
    return wording.products(len(found.rows)) if instead is None else wording.stock(found.rows[0])


def _instead(found: products.Shown, talk: Talk) -> Recommended | None:
    """What is like the first product that was asked about and can be had, where none of these can."""
    shown = found.rows
    if not shown or found.is_near or any(one["in_stock"] for one in shown):
        return None
    return recommending.like_sold_out(str(shown[0]["id"]), customer=talk.customer, visitor=talk.visitor)


def _alike(instead: Recommended | None) -> list[str]:
    return [wording.similar_in_stock(is_alike=instead.is_alike)] if instead is not None else []


def _with(shown: Sequence[Mapping[str, Any]], instead: Recommended | None) -> dict[str, Any]:
    if instead is None:
        return {"products": shown}
    return {"products": [*shown[:1], *instead.products], "recommended": instead.listed}


def _looks_up_order(found: Understanding) -> Intent | None:
    """The intent of an article found by its words, where the state of the order says more than the article."""
    own = found.passages[0].intent_id if found.passages else None
    intents = library.current().intents.values()
    return next((one for one in intents if one.pk == own and one.answers_with == Intent.AnswersWith.ORDER), None)


def _answered(found: Understanding, intent: Intent | None, text: str, talk: Talk, language: str, *, why: str) -> Reply:
    """What the intent answers with; an article where the look-up has nothing."""
    intents = [(one.intent.key, one.confidence) for one in found.candidates]
    passage = found.passages[0] if found.passages else None
    more: dict[str, Any] = {"intents": intents, "version": found.model_version}
    kind = intent.answers_with if intent is not None else Intent.AnswersWith.ARTICLE
    if intent is not None and intent.hand_over:
        return _to_person(wording.rule_of_intent(intent.key), language)
    if kind == Intent.AnswersWith.WORDS and found.words:
        return Reply(Act.WORDS, why, language, found.words, buttons=[] if passage is None else _after_answer(), **more)
    if kind == Intent.AnswersWith.ORDER:
        # What stands in an article about all orders says less than the order itself, and follows it.
        beside = passage if intent is not None and intent.key != "order_status" else None
        return _order(talk, orders.read(text), language, why=why, passage=beside, **more)
    if kind == Intent.AnswersWith.PRODUCT:
        shown = products.asked_about(text, talk.product, customer=talk.customer, visitor=talk.visitor)
        if shown:
            instead = _instead(shown, talk)
            told = wording.stock(shown.rows[0]) if talk.product is not None else _told(shown, instead)
            if talk.product is not None and (look := look_asked(text)):
                told = f"{wording.no_such_look(look)}\n{told}"  # that it is in stock would be taken for a yes
            said = [told, *_alike(instead)]
            cited = None
            if passage is not None and intent is not None and intent.key != "stock":
                said.append(_said(passage))
                cited = _citation(passage)
            return Reply(
                Act.PRODUCTS, why, language, "\n\n".join(said), citation=cited, buttons=_after_answer(), **more,
                **_with(shown.rows, instead),
            )  # fmt: skip
    if kind == Intent.AnswersWith.ACCOUNT and talk.customer is not None:
        account = standing_of(talk.customer.pk)
        if account.programme.is_on:
            said = [wording.points(account.balance)] + ([_said(passage)] if passage is not None else [])
            return Reply(
                Act.WORDS, why, language, "\n\n".join(said), citation=_citation(passage) if passage else None,
                buttons=_after_answer(), **more,
            )  # fmt: skip
    if passage is not None:
        return _quoted(passage, language, why=why, **more)
    return Reply(Act.HAND_OVER, Why.NO_ANSWER.value, language, wording.no_answer(), handover=Reason.UNSURE, **more)


def _ask(found: Understanding, intents: Sequence[tuple[str, float]], language: str) -> Reply:
    """Which of these was meant? Articles of an intent that is offered are not offered twice."""
    buttons, ids = [], set()
    threshold = found.thresholds.ask if found.thresholds is not None else 1.0
    for one in found.candidates:
        if one.confidence >= threshold:
            buttons.append(Button(one.intent.in_language("title", language), INTENT + one.intent.key))
            ids.add(one.intent.pk)
    for passage in found.passages:
        if passage.intent_id not in ids:
            buttons.append(Button(passage.title, ARTICLE + passage.key))
    return Reply(
        Act.ASK, found.why.value, language, _("Which of these do you mean?"), intents=intents,
        buttons=[*buttons[:4], Button(_("Something else"), OTHER), _person_button()], version=found.model_version,
    )  # fmt: skip


def _unknown(
    talk: Talk, language: str, *, why: str, intents: Sequence[tuple[str, float]] = (), version: str = ""
) -> Reply:
    """Once a request to say it in other words; the second time in a row a person."""
    more: dict[str, Any] = {"intents": intents, "version": version}
    if talk.last.get("act") == Act.UNKNOWN:
        return Reply(Act.HAND_OVER, why, language, wording.no_answer(), handover=Reason.UNSURE, **more)
    text = _("I did not understand that. Say it in other words, or let a person answer.")
    return Reply(Act.UNKNOWN, why, language, text, buttons=[_person_button()], **more)


def _quoted(passage: Passage, language: str, *, why: str, **more: Any) -> Reply:
    return Reply(
        Act.ARTICLE, why, language, _said(passage), citation=_citation(passage), buttons=_after_answer(), **more
    )


def _said(passage: Passage) -> str:
    """Word for word."""
    return passage.body if len(passage.body) <= LONGEST_QUOTE else passage.quote


def _citation(passage: Passage) -> dict[str, Any]:
    return {
        "article": passage.key, "version": passage.version, "title": passage.title, "language": passage.language,
        "link": passage.link,
    }  # fmt: skip


def _after_answer() -> list[Button]:
    return [Button(_("That helped"), SOLVED), _person_button()]


def _person_button() -> Button:
    return Button(_("Talk to a person"), PERSON)
