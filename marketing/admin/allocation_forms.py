"""What is asked before offers are allocated: budget, margin, and which offers."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin.widgets import Checkboxes
from core.components import figure
from core.models import StaffUser
from marketing.allocation import deciding
from marketing.models import Campaign, Offer, OfferAllocation
from marketing.offers.giving import codes_left
from marketing.offers.saying import value_of

MOST_SHOWN = 30


def _amount(label: Any, help_text: Any = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label, max_digits=13, decimal_places=4, help_text=help_text,
        widget=UnfoldAdminTextInputWidget({"inputmode": "decimal"}),
    )  # fmt: skip


class AllocationForm(forms.Form):
    budget = _amount(gettext_lazy("Budget"), gettext_lazy("What the offers may be expected to cost together."))
    margin = _amount(
        gettext_lazy("Margin, %"), gettext_lazy("What is left of a price for the shop, before the offer is taken off.")
    )
    offers = forms.MultipleChoiceField(label=gettext_lazy("Offers"), widget=Checkboxes)

    def __init__(self, *args: Any, campaign: Campaign, shown: OfferAllocation | None, **kwargs: Any) -> None:
        self.campaign = campaign
        kwargs["initial"] = _initial(campaign, shown)
        super().__init__(*args, **kwargs)
        rows = Offer.objects.filter(is_active=True).exclude(ends_at__lte=timezone.now())
        self.fields["offers"].choices = [  # type: ignore[attr-defined]
            (str(one.pk), _named(one)) for one in rows.order_by("-created_at", "-pk")[:MOST_SHOWN]
        ]

    def save(self, by: StaffUser | None) -> OfferAllocation:
        """Raises DomainError."""
        data = self.cleaned_data
        return deciding.ask(
            self.campaign, offers=[int(pk) for pk in data["offers"]], budget=data["budget"],
            margin=data["margin"] / Decimal(100), by=by,
        )  # fmt: skip


def _named(offer: Offer) -> str:
    """With its terms, and how many people it is enough for where that is limited."""
    left = codes_left(offer)
    parts = [offer.name, value_of(offer)]
    if left is not None:
        parts.append(ngettext("%(count)s code left", "%(count)s codes left", left) % {"count": figure(left)})
    return " · ".join(parts)


def _initial(campaign: Campaign, shown: OfferAllocation | None) -> dict[str, Any]:
    """As the one that is shown; else the margin that was said last."""
    if shown is not None:
        return {
            "budget": f"{shown.budget.normalize():f}", "margin": f"{(100 * shown.margin).normalize():f}",
            "offers": [str(pk) for pk in shown.offers],
        }  # fmt: skip
    last = OfferAllocation.objects.order_by("-pk").values_list("margin", flat=True).first()
    offers = [str(campaign.offer_id)] if campaign.offer_id else []
    return {"margin": f"{(100 * last).normalize():f}" if last is not None else "", "offers": offers}
