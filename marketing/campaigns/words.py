"""The words of a campaign as somebody would get them now: each version of each step, for previews and test messages."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from catalog.models import Customer
from marketing import offers
from marketing.campaigns import lifecycle
from marketing.messages import NO_PICKS, TAGS, Frozen, Picks, Rendered, freeze, frozen_of, picks, render
from marketing.messages.tags import PICKS
from marketing.models import Campaign, CampaignStep, Offer, Template, TemplateVersion

FIRST = "a"
SAMPLE_NAMES = {"en": "Li Na", "zh-hans": "李娜"}


@dataclass(frozen=True)
class Message:
    """One version of one step, as previews and tests name it."""

    step: CampaignStep
    key: str
    title: str

    @property
    def name(self) -> str:
        return f"{self.step.position}{self.key}"


def messages_of(campaign: Campaign) -> list[Message]:
    """Every version of every step, in order."""
    steps = list(campaign.steps.select_related("template", "template_version").order_by("position"))
    found = []
    for step in steps:
        keys = [str(arm["key"]) for arm in step.arms] or [FIRST]
        for key in keys:
            place = [_("Step %(number)d") % {"number": step.position}] if len(steps) > 1 else []
            place += [_("Version %(key)s") % {"key": key.upper()}] if len(keys) > 1 else []
            found.append(Message(step, key, " · ".join(place) or _("Message")))
    return found


def words_now(campaign: Campaign, message: Message, code: str) -> Frozen | None:
    """A message in one language: what was frozen, else the draft. None where there are no words. Raises BadMessage."""
    step = message.step
    arm: dict[str, Any] = next((arm for arm in step.arms if str(arm["key"]) == message.key), {})
    if campaign.state != Campaign.State.DRAFT:
        version = TemplateVersion.objects.filter(
            pk=arm.get("template_version") or step.template_version_id or 0
        ).first()
        return frozen_of(version, code) if version is not None else None
    template = Template.objects.filter(pk=arm["template"]).first() if arm.get("template") else step.template
    if template is None:
        return None
    subject = (arm.get("subject") or {}).get(code) or template.subject.get(code, "")
    return freeze(
        subject=subject, preheader=template.preheader.get(code, ""), body=template.body.get(code, ""),
        is_mjml=template.kind == Template.Kind.MJML,
    )  # fmt: skip


def offer_of(campaign: Campaign, message: Message, customer: Customer | None = None) -> Offer | None:
    """What the allocation gives this customer, or else most; without one that of the version, else of the campaign."""
    allocation = lifecycle.allocation_of(campaign)
    if allocation is not None:
        own = allocation.people.filter(customer=customer).select_related("offer").first() if customer else None
        said = allocation.results.get("offers", {})
        most = max(said, key=lambda pk: said[pk]["people"], default=None)
        return own.offer if own is not None else Offer.objects.filter(pk=int(most or 0)).first()
    arm: dict[str, Any] = next((arm for arm in message.step.arms if str(arm["key"]) == message.key), {})
    return Offer.objects.filter(pk=arm["offer"]).first() if arm.get("offer") else campaign.offer


def sample_values(language: str, *, name: str = "", offer: Offer | None = None) -> dict[str, str]:
    """What fields say for nobody in particular: the offer as it is, a made-up code."""
    values = {key: tag.sample for key, tag in TAGS.items()}
    values["name"] = name or SAMPLE_NAMES.get(language, SAMPLE_NAMES["en"])
    if offer is not None:
        values |= dict(offers.tags(offer, language, ""))  # type: ignore[arg-type]
        values["coupon_code"] = TAGS["coupon_code"].sample
    return values


def sample_picks(frozen: Frozen, language: str, customer: Customer | None = None) -> Picks:
    """Recommended products of this customer; for nobody, what is popular."""
    if PICKS.search(frozen.html + frozen.text) is None:
        return NO_PICKS
    return picks.shelf(picks.for_customer(customer.pk if customer is not None else 0, language))


def sample(
    frozen: Frozen, *, language: str, offer: Offer | None = None, customer: Customer | None = None
) -> Rendered:  # fmt: skip
    values = sample_values(language, name=customer.name if customer is not None else "", offer=offer)
    return render(frozen, values, sample_picks(frozen, language, customer))
