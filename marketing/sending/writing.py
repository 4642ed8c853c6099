"""From a claimed recipient to a message: fields filled in, links counted, the way out added."""

import html
import re
from collections.abc import Mapping
from typing import Any

from core.shop import current_shop
from marketing import links
from marketing.models import CampaignStep, Channel, MarketingSettings, TemplateVersion, TrackedLink
from marketing.sending.channels import Outgoing
from marketing.sending.claiming import Claimed

TAG = re.compile(r"\{\{[ ]{0,3}([a-z_]{1,30})[ ]{0,3}\}\}")
HREF = re.compile(r"""(<a\b[^>]*?\bhref=)(["'])(https?://[^"'<>\s]+)\2""", re.IGNORECASE)
BARE = re.compile(r"""https?://[^\s<>"')]+""")
OWN = ("/unsubscribe/", "/preferences/", "/t/")


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
        language = self._language(version, one.language)
        values = self.values(one)
        subject = " ".join(fill(version.subject.get(language, ""), values).split())[:200]
        text = fill(version.text.get(language) or version.body.get(language, ""), values)
        made = version.html.get(language, "")
        made = fill(made, {name: html.escape(value) for name, value in values.items()}) if made else ""
        headers = {}
        if one.channel == Channel.EMAIL:
            text, made = self._with_links(one, version, text, made)
            way_out = links.absolute(links.unsubscribe(one.customer_id, one.purpose, one.channel))
            text += self._foot(values, language)
            headers = {"List-Unsubscribe": f"<{way_out}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        return Outgoing(one.message_id, one.address, language, subject, text, made, headers)

    def values(self, one: Claimed) -> dict[str, str]:
        """What fields say: texts only, without control characters."""
        shop = current_shop()
        said = {
            "name": one.name,
            "shop": shop.name,
            "shop_url": links.absolute("/shop/"),
            "preferences_url": links.absolute(links.preferences(one.customer_id)),
            "unsubscribe_url": links.absolute(links.unsubscribe(one.customer_id, one.purpose, one.channel)),
        }
        return {name: "".join(c if c.isprintable() else " " for c in value)[:600] for name, value in said.items()}

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

    def _language(self, version: TemplateVersion, wanted: str) -> str:
        for language in (wanted, "en", "zh-hans"):
            if version.text.get(language) or version.body.get(language):
                return language
        raise Unwritable

    def _with_links(self, one: Claimed, version: TemplateVersion, text: str, made: str) -> tuple[str, str]:
        """Addresses lead over the page that counts, but for the ones that take consent back."""

        def counted(address: str) -> str:
            if any(part in address for part in OWN) or len(address) > 2000:
                return address
            return links.absolute(links.click(self._link(one, version, address), one.recipient_id))

        made = HREF.sub(lambda m: f"{m[1]}{m[2]}{html.escape(counted(html.unescape(m[3])))}{m[2]}", made)
        return BARE.sub(lambda m: counted(m[0]), text), made

    def _link(self, one: Claimed, version: TemplateVersion, address: str) -> int:
        key = (one.campaign_id, version.pk, address)
        if key not in self._links:
            row, _new = TrackedLink.objects.get_or_create(
                campaign_id=one.campaign_id,  # type: ignore[misc]
                template_version=version,
                url=address,
            )
            self._links[key] = row.pk
        return self._links[key]

    def _foot(self, values: Mapping[str, str], language: str) -> str:
        said = FOOT[language]
        parts = [self.settings.sender_name or values["shop"], self.settings.postal_address]
        return (
            f"\n\n-- \n{', '.join(part for part in parts if part)}\n"
            f"{said[0]}: {values['unsubscribe_url']}\n{said[1]}: {values['preferences_url']}\n"
        )


FOOT = {"en": ("Unsubscribe", "Choose what you get"), "zh-hans": ("退订", "选择接收内容")}


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its fields; what is filled in is not read again, and a field that nobody knows is left out."""
    return TAG.sub(lambda found: values.get(found.group(1), ""), text)
