"""From a claimed recipient to a message: links counted, fields filled in, the way out added."""

import html
import re
from dataclasses import replace
from typing import Any

from django.utils import timezone

from core.shop import current_shop
from marketing import links, offers
from marketing.messages import NO_PICKS, OFFER_TAGS, Frozen, Picks, frozen_of, picks, render, tags_in
from marketing.messages.tags import PICKS
from marketing.models import (
    AllocatedOffer,
    CampaignStep,
    Channel,
    MarketingSettings,
    Occasion,
    Offer,
    OfferAllocation,
    Purpose,
    TemplateVersion,
    TrackedLink,
)
from marketing.sending import leading
from marketing.sending.channels import Outgoing
from marketing.sending.claiming import Claimed
from marketing.triggers import requests, telling

HREF = re.compile(r"""(<a\b[^>]*?\bhref=)(["'])(https?://[^"'<>\s]+)\2""", re.IGNORECASE)
BARE = re.compile(r"""https?://[^\s<>"'()，。；：！？、）」》]*[^\s<>"'()，。；：！？、）」》.,;:!?]""")
"""An address in plain text, without what ends the sentence behind it."""
FOOT = {"en": ("Unsubscribe", "Choose what you get"), "zh-hans": ("退订", "选择接收内容")}

TEST = {
    "en": ("Test", "This is a test. Links for choices and unsubscribing lead nowhere, and nothing is counted."),
    "zh-hans": ("测试", "这是一封测试邮件。选择与退订链接不会生效，也不计入任何统计。"),
}
SHOWN_TEST = {
    "en": "This is a test of what stands in the shop beside the offer. Nothing is counted.",
    "zh-hans": "这是对店内优惠旁文案的测试，不计入任何统计。",
}


class Unwritable(Exception):
    """There is no approved text in any language, or nothing left of what it offers."""


class Writer:
    """Writes messages of one round; versions, steps and links are read once."""

    def __init__(self) -> None:
        self._versions: dict[int, TemplateVersion] = {}
        self._steps: dict[int, CampaignStep] = {}
        self._links: dict[tuple[int | None, int, str], int] = {}
        self._offers: dict[tuple[int, str], Offer | None] = {}
        self._allocations: dict[int, int | None] = {}
        self._allocated: dict[int, Offer] = {}
        self.settings = MarketingSettings.current()

    def write(self, one: Claimed) -> Outgoing:
        """Raises Unwritable."""
        if one.purpose == Purpose.STOCK:
            return self._asked_for(one)
        version = self._version(one)
        frozen, language = self._frozen(version, one.language)
        values = {**self.values(one), **self._occasion(one, language), **self._offered(one, frozen, language)}
        headers = {}
        if one.channel == Channel.EMAIL:
            frozen = self._with_foot(self._counted(one, version, frozen), language)
            for name in {"shop_url", "product_url"} & tags_in(frozen.html + frozen.text):
                if values.get(name):
                    values[name] = self._click(one, version, values[name])
            headers = _ways_out(values)
        made = render(frozen, values, self._picked(one, version, frozen, language))
        subject = " ".join(made.subject.split())[:200]
        return Outgoing(one.message_id, one.address, language, subject, made.text, made.html, headers)

    def _asked_for(self, one: Claimed) -> Outgoing:
        """What somebody asked to be told of: words of the product itself, and the ways out of every message."""
        said = requests.values(one.recipient_id, one.language)
        if said is None:
            raise Unwritable
        values = {**self.values(one), **said}
        made = render(self._with_foot(requests.frozen(one.language), one.language), values)
        subject = " ".join(made.subject.split())[:200]
        return Outgoing(
            one.message_id, one.address, one.language, subject, made.text, "", _ways_out(values), "back_in_stock"
        )

    def values(self, one: Claimed) -> dict[str, str]:
        """What fields say, by name: every one of `marketing.messages.TAGS`."""
        return {
            **dict.fromkeys(OFFER_TAGS, ""),
            "name": one.name,
            "shop": current_shop().name,
            "shop_url": links.absolute("/shop/"),
            "preferences_url": links.absolute(links.preferences(one.customer_id)),
            "unsubscribe_url": links.absolute(links.unsubscribe(one.customer_id, one.purpose, one.channel)),
        }

    @staticmethod
    def _occasion(one: Claimed, language: str) -> dict[str, str]:
        """What the message is about, where its campaign has a trigger."""
        if one.occasion_id is None:
            return {}
        return telling.values(Occasion.objects.get(pk=one.occasion_id), language)

    def _offered(self, one: Claimed, frozen: Frozen, language: str) -> dict[str, str]:
        """What fields say of the customer's own offer where offers were allocated, else of that of the version or of
        the campaign; the code is given here. Whoever gets no code any more gets no message that promises one; a later
        step that promises nothing goes also to those who have used theirs."""
        offer = self._own_offer(one) or self._offer(one)
        if offer is None:
            return {}
        given = offers.issue(offer.pk, [one.customer_id], at=timezone.now(), campaign_id=one.campaign_id)
        if one.customer_id not in given:
            promises = OFFER_TAGS & tags_in(" ".join((frozen.subject, frozen.preheader, frozen.html, frozen.text)))
            if promises or not offers.has_had(offer.pk, one.customer_id):
                raise Unwritable
            return {}
        return dict(offers.tags(offer, language, given[one.customer_id]))  # type: ignore[arg-type]

    def _own_offer(self, one: Claimed) -> Offer | None:
        """What the accepted allocation of the campaign gives this customer. None without an allocation; Unwritable for
        somebody who is not in it."""
        if one.campaign_id is None:
            return None
        if one.campaign_id not in self._allocations:
            accepted = OfferAllocation.objects.filter(
                campaign=one.campaign_id, state=OfferAllocation.State.ACCEPTED
            )  # fmt: skip
            self._allocations[one.campaign_id] = accepted.values_list("pk", flat=True).first()
        allocation = self._allocations[one.campaign_id]
        if allocation is None:
            return None
        rows = AllocatedOffer.objects.filter(allocation=allocation, customer=one.customer_id)
        offer = rows.values_list("offer_id", flat=True).first()
        if offer is None:
            raise Unwritable
        if offer not in self._allocated:
            self._allocated[offer] = Offer.objects.get(pk=offer)
        return self._allocated[offer]

    def _offer(self, one: Claimed) -> Offer | None:
        if one.step_id is None:
            return None
        key = (one.step_id, one.arm)
        if key not in self._offers:
            step, arm = self._arm(one)
            wanted = arm.get("offer") or step.campaign.offer_id
            self._offers[key] = Offer.objects.filter(pk=wanted).first() if wanted else None
        return self._offers[key]

    def _arm(self, one: Claimed) -> tuple[CampaignStep, dict[str, Any]]:
        assert one.step_id is not None
        if one.step_id not in self._steps:
            self._steps[one.step_id] = CampaignStep.objects.select_related("campaign").get(pk=one.step_id)
        step = self._steps[one.step_id]
        return step, next((arm for arm in step.arms if arm.get("key") == one.arm), {})

    def _picked(self, one: Claimed, version: TemplateVersion, frozen: Frozen, language: str) -> Picks:
        """Products for this customer, where the message has a place for them; their links are counted in a mail."""
        if PICKS.search(frozen.html + frozen.text) is None:
            return NO_PICKS
        shown = picks.for_customer(one.customer_id, language)
        is_mail = one.channel == Channel.EMAIL
        return picks.shelf(shown, leads_to=lambda url: self._click(one, version, url) if is_mail else url)

    def write_test(self, frozen: Frozen, values: dict[str, str], *, message_id: str, to: str, language: str,
                   shown: Picks = NO_PICKS, is_shown: bool = False) -> Outgoing:  # fmt: skip
        """A message for staff, marked as a test in subject and text. Nothing in it is counted. `is_shown`: what stands
        in the shop, under the title of the offer where it has none of its own."""
        made = render(frozen if is_shown else self._with_foot(frozen, language), values, shown)
        mark, said = TEST[language]
        title = " ".join(made.subject.split())
        if is_shown:
            said, title = SHOWN_TEST[language], title or values["offer_title"]
        subject = f"[{mark}] {title}"[:200]
        banner = f'<p style="font:14px/1.5 sans-serif;background:#fef3c6;padding:8px;margin:0">{html.escape(said)}</p>'
        page = re.sub(r"(<body[^>]*>)", lambda found: found.group(1) + banner, made.html, count=1)
        return Outgoing(message_id, to, language, subject, f"{said}\n\n{made.text}", page)

    def _version(self, one: Claimed) -> TemplateVersion:
        number = one.template_version_id
        if number is None and one.step_id is not None:
            step, arm = self._arm(one)
            number = arm.get("template_version") or step.template_version_id
        if number is None:
            raise Unwritable
        if number not in self._versions:
            found = TemplateVersion.objects.filter(pk=number).first()
            if found is None:
                raise Unwritable
            self._versions[number] = found
        return self._versions[number]

    @staticmethod
    def _frozen(version: TemplateVersion, wanted: str) -> tuple[Frozen, str]:
        for language in (wanted, "en", "zh-hans"):
            if (found := frozen_of(version, language)) is not None:
                return found, language
        raise Unwritable

    def _counted(self, one: Claimed, version: TemplateVersion, frozen: Frozen) -> Frozen:
        """Addresses that were approved lead over the page that counts. This happens before fields are filled in:
        whoever calls himself by an address does not get a link of the shop that leads there."""

        def counted(address: str) -> str:
            is_left = bool(tags_in(address)) or len(address) > 2000 or not leading.may_lead(address)
            return address if is_left else self._click(one, version, address)

        made = HREF.sub(lambda m: f"{m[1]}{m[2]}{html.escape(counted(html.unescape(m[3])))}{m[2]}", frozen.html)
        return replace(frozen, html=made, text=BARE.sub(lambda m: counted(m[0]), frozen.text))

    def _click(self, one: Claimed, version: TemplateVersion, address: str) -> str:
        key = (one.campaign_id, version.pk, address)
        if key not in self._links:
            row, _new = TrackedLink.objects.get_or_create(
                campaign_id=one.campaign_id,  # type: ignore[misc]
                template_version=version,
                url=address,
            )
            self._links[key] = row.pk
        return links.absolute(links.click(self._links[key], one.recipient_id))

    def _with_foot(self, frozen: Frozen, language: str) -> Frozen:
        """Who writes, and both ways out, at the end of both parts, as far as they do not stand there already. Filled in
        with the rest."""
        who = ", ".join(
            part for part in (self.settings.sender_name or "{{shop}}", self.settings.postal_address) if part
        )
        ways = list(zip(("unsubscribe_url", "preferences_url"), FOOT[language], strict=True))
        left = [(name, word) for name, word in ways if name not in tags_in(frozen.text)]
        lines = "".join(f"{word}: {{{{{name}}}}}\n" for name, word in left)
        text = f"{frozen.text}\n\n-- \n{who}\n{lines}"
        left = [(name, word) for name, word in ways if name not in tags_in(frozen.html)]
        linked = " · ".join([html.escape(who), *(f'<a href="{{{{{name}}}}}">{word}</a>' for name, word in left)])
        foot = f'<p style="font:12px/1.5 sans-serif;color:#666;text-align:center;margin:16px">{linked}</p>'
        return replace(frozen, text=text, html=frozen.html.replace("</body>", f"{foot}</body>", 1))


def _ways_out(values: dict[str, str]) -> dict[str, str]:
    return {
        "List-Unsubscribe": f"<{values['unsubscribe_url']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
