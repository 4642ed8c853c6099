"""From a claimed recipient to a message: links counted, fields filled in, the way out added."""

import html
import re
from dataclasses import replace
from typing import Any

from core.shop import current_shop
from marketing import links
from marketing.messages import Frozen, frozen_of, render, tags_in
from marketing.models import CampaignStep, Channel, MarketingSettings, Occasion, TemplateVersion, TrackedLink
from marketing.sending.channels import Outgoing
from marketing.sending.claiming import Claimed
from marketing.triggers import telling

HREF = re.compile(r"""(<a\b[^>]*?\bhref=)(["'])(https?://[^"'<>\s]+)\2""", re.IGNORECASE)
BARE = re.compile(r"""https?://[^\s<>"'()，。；：！？、）」》]*[^\s<>"'()，。；：！？、）」》.,;:!?]""")
"""An address in plain text, without what ends the sentence behind it."""
FOOT = {"en": ("Unsubscribe", "Choose what you get"), "zh-hans": ("退订", "选择接收内容")}


class Unwritable(Exception):
    """There is no approved text in any language."""


class Writer:
    """Writes messages of one round; versions, steps and links are read once."""

    def __init__(self) -> None:
        self._versions: dict[int, TemplateVersion] = {}
        self._steps: dict[int, CampaignStep] = {}
        self._links: dict[tuple[int | None, int, str], int] = {}
        self.settings = MarketingSettings.current()

    def write(self, one: Claimed) -> Outgoing:
        """Raises Unwritable."""
        version = self._version(one)
        frozen, language = self._frozen(version, one.language)
        values = {**self.values(one), **self._occasion(one, language)}
        headers = {}
        if one.channel == Channel.EMAIL:
            frozen = self._with_foot(self._counted(one, version, frozen), language)
            for name in {"shop_url", "product_url"} & tags_in(frozen.html + frozen.text):
                if values.get(name):
                    values[name] = self._click(one, version, values[name])
            headers = {
                "List-Unsubscribe": f"<{values['unsubscribe_url']}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            }
        made = render(frozen, values)
        subject = " ".join(made.subject.split())[:200]
        return Outgoing(one.message_id, one.address, language, subject, made.text, made.html, headers)

    def values(self, one: Claimed) -> dict[str, str]:
        """What fields say, by name: every one of `marketing.messages.TAGS`."""
        return {
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

    def _version(self, one: Claimed) -> TemplateVersion:
        number = one.template_version_id
        if number is None and one.step_id is not None:
            step = self._steps.get(one.step_id) or CampaignStep.objects.get(pk=one.step_id)
            self._steps[one.step_id] = step
            arm: dict[str, Any] = next((arm for arm in step.arms if arm.get("key") == one.arm), {})
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
            is_filled_in = bool(tags_in(address))
            return address if is_filled_in or len(address) > 2000 else self._click(one, version, address)

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
