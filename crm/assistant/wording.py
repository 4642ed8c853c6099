"""The assistant's own sentences, in the language that is switched on. What articles say is theirs (`answering`)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language, gettext_noop, ngettext
from django.utils.translation import gettext as _

from catalog.models import Order
from core.components.words import day_text, run_on
from core.shop import current_shop, shop_zone
from crm.assistant.orders import OrderFacts
from crm.assistant.rules import Rule
from reviews.answers.examples import language_of as script_of

ENGLISH, CHINESE = "en", "zh"
_RULES = {
    "injury": Rule.INJURY, "legal_threat": Rule.LEGAL, "refund_dispute": Rule.REFUND_DISPUTE,
    "data_deletion": Rule.DATA, "human_agent": Rule.PERSON,
}  # fmt: skip


def language_of(text: str, before: str) -> str:
    """The language of the words: Chinese where a third of the letters are. What has no words (a number, an address, an
    emoji) keeps the language of before."""
    letters = sum(one.isalpha() for one in text)
    is_code = any(one.isdigit() or one == "@" for one in text) and " " not in text.strip()
    if letters < 2 or is_code:
        return CHINESE if before.startswith(CHINESE) else ENGLISH
    return str(script_of(text))


def code_of(language: str) -> str:
    """As Django knows it."""
    return "zh-hans" if language.startswith(CHINESE) else "en"


def rule_of_intent(key: str) -> Rule:
    """The risk that an intent stands for; one that a shop added itself is one that a person was asked for."""
    return _RULES.get(key, Rule.PERSON)


def greeting() -> str:
    return _(
        "Hello, this is the assistant of %(shop)s: a machine. I answer questions about orders, delivery, returns and "
        "products. A person takes over whenever you ask for one."
    ) % {"shop": _apart(current_shop().name)}


def _apart(name: str) -> str:
    """Between Chinese words a Latin name has spaces around it."""
    is_chinese = (get_language() or "").startswith("zh")
    left = " " if is_chinese and name[:1].isascii() else ""
    return left + name + (" " if is_chinese and name[-1:].isascii() else "")


def to_person(rule: str) -> str:
    if rule == Rule.INJURY:
        return _(
            "I hope everybody is all right. If somebody is hurt, call the emergency number first, and stop using the "
            "product. A person takes over here."
        )
    if rule == Rule.PERSON:
        return _("A person takes over here.")
    return _("That is for a person to decide, not for a machine. A colleague takes over here.")


def no_answer() -> str:
    return _("I have no reliable answer to that. A person takes over here.")


def waiting(place: int, is_open: bool, opens_at: datetime | None) -> str:
    """Where somebody stands in the queue, and when people answer. A place of 0 is not known."""
    said = []
    if place > 0:
        said.append(_("You are number %(place)d in the queue.") % {"place": place})
    if not is_open and opens_at is not None:
        at = timezone.localtime(opens_at, shop_zone())
        said.append(
            _("Nobody is there now. People answer from %(day)s, %(time)s.")
            % {"day": day_text(at.date()), "time": f"{at:%H:%M}"}
        )
    elif not is_open:
        said.append(_("Nobody is there now. Your message stays here and is answered."))
    return run_on(said) or _("Somebody will be with you soon.")


def ask_order(number: str) -> str:
    if number:
        return _(
            "To look up order %(number)s: which e-mail address was it placed with, or what are the last four digits of "
            "the phone number?"
        ) % {"number": number}
    return _(
        "To look up your order I need its number, and the e-mail address it was placed with or the last four digits of "
        "the phone number."
    )


def no_order(*, is_signed_in: bool) -> str:
    if is_signed_in:
        return _("There is no such order in your account. Check the number, or let a person look.")
    return _("No order fits these details. Check both, or let a person look.")


def locked() -> str:
    return _("No further look-ups for a quarter of an hour. A person can help, or sign in to see your orders.")


_ORDER = {
    "cancelled": (
        gettext_noop("Order %(number)s was cancelled on %(day)s."), gettext_noop("Order %(number)s was cancelled."),
    ),
    "delivered": (
        gettext_noop("Order %(number)s was delivered on %(day)s."), gettext_noop("Order %(number)s was delivered."),
    ),
    "shipped": (
        gettext_noop("Order %(number)s was sent on %(day)s and is on its way."),
        gettext_noop("Order %(number)s was sent and is on its way."),
    ),
    "partly_shipped": (
        gettext_noop("A part of order %(number)s was sent on %(day)s; the rest follows."),
        gettext_noop("A part of order %(number)s was sent; the rest follows."),
    ),
    "paid": (
        gettext_noop("Order %(number)s was paid on %(day)s and has not been sent yet."),
        gettext_noop("Order %(number)s is paid and has not been sent yet."),
    ),
    "placed": (
        gettext_noop("Order %(number)s was placed on %(day)s and is not paid yet."),
        gettext_noop("Order %(number)s is not paid yet."),
    ),
}  # fmt: skip


def order(facts: OrderFacts) -> str:
    """One order in one sentence or two."""
    status = "delivered" if facts.status == Order.Status.CLOSED else facts.status
    at = {
        "cancelled": facts.cancelled_at, "delivered": facts.delivered_at, "shipped": facts.shipped_at,
        "partly_shipped": facts.shipped_at, "paid": facts.paid_at, "placed": facts.placed_at,
    }[status]  # fmt: skip
    dated, undated = _ORDER[status]
    said = _(dated if at is not None else undated) % {"number": facts.number, "day": _day(at)}
    if facts.refunded_at is not None:
        said += " " + _("The last refund went out on %(day)s.") % {"day": _day(facts.refunded_at)}
    return said


def _day(moment: datetime | None) -> str:
    return day_text(timezone.localtime(moment, shop_zone()).date()) if moment is not None else ""


def products(count: int) -> str:
    return ngettext("This is what I found:", "These are what I found:", count)


def near(count: int) -> str:
    """Where nothing is what was asked for."""
    return ngettext(
        "We have nothing that is called so. This comes near:",
        "We have nothing that is called so. These come near:",
        count,
    )


def no_such_look(look: str) -> str:
    """Where no product of the kind of the one that is meant has these words."""
    return _("I found no “%(look)s” one of its kind.") % {"look": look}


def stock(row: Mapping[str, Any]) -> str:
    name = {"name": row["name"]}
    return _("%(name)s is in stock.") % name if row["in_stock"] else _("%(name)s is sold out at the moment.") % name


def similar_in_stock(*, is_alike: bool) -> str:
    return _("Similar and in stock:") if is_alike else _("Often chosen with it, and in stock:")


def recommended(about: str, *, is_alike: bool) -> str:
    """`about`: the product that they are like or go with, empty where none is meant."""
    if not about:
        return _("This is what I can recommend:")
    said = _("Like %(name)s, and in stock:") if is_alike else _("Often chosen with %(name)s, and in stock:")
    return said % {"name": about}


def points(balance: int) -> str:
    return ngettext("You have %(count)d point.", "You have %(count)d points.", balance) % {"count": balance}


def gone_silent() -> str:
    return _("Nobody answered your last message, so a person takes over.")
