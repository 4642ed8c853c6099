"""Giving money back: an amount, or pieces that came back."""

import re
import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.models import Order
from catalog.services.lifecycle import FOUR_PLACES, ReturnedLine
from core.components import money

CENT = Decimal("0.01")


class RefundForm(forms.Form):
    """Call `for_order` before use: it adds one field per line and knows what is left to give back."""

    amount = forms.DecimalField(
        label=gettext_lazy("Amount"), required=False, min_value=CENT, max_digits=18, decimal_places=2
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=200)
    restock = forms.BooleanField(label=gettext_lazy("Put the pieces back into stock"), required=False, initial=True)
    nonce = forms.UUIDField(required=False, widget=forms.HiddenInput)
    order: Order
    left: Decimal
    amount_back: Decimal
    """What will be given back; there after `is_valid`."""

    def for_order(self, order: Order) -> None:
        self.order = order
        self.left = order.paid_total - order.refunded_total
        for line in order.lines.all():
            most = line.quantity - line.refunded_quantity
            if most > 0:
                self.fields[f"line_{line.line}"] = forms.IntegerField(
                    label=line.name or line.sku, required=False, min_value=0, max_value=most, initial=0
                )

    @property
    def line_fields(self) -> list[tuple[Any, Any]]:
        """Each line of the order with its field, for the page."""
        known = {f"line_{line.line}": line for line in self.order.lines.all()}
        return [(known[name], self[name]) for name in self.fields if name in known]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        pieces = self._pieces(data)
        amount = data.get("amount")
        if self.errors:
            return data
        if bool(pieces) == (amount is not None):
            raise forms.ValidationError(_("Give an amount, or the pieces that came back. One of both."))
        self.amount_back = amount if amount is not None else self._worth(pieces)
        if self.amount_back > self.left:
            text = _("%(left)s of what was paid is left, less than %(amount)s.")
            words = {
                "left": money(self.left, self.order.currency),
                "amount": money(self.amount_back, self.order.currency),
            }
            error = forms.ValidationError(text % words)
            self.add_error("amount" if amount is not None else None, error)
        return data

    def _pieces(self, data: dict[str, Any]) -> dict[int, int]:
        return {int(name[5:]): count for name, count in data.items() if name.startswith("line_") and count}

    def _worth(self, pieces: dict[int, int]) -> Decimal:
        lines = {line.line: line for line in self.order.lines.all()}
        shares = (lines[number].amount * count / lines[number].quantity for number, count in pieces.items())
        return sum((share.quantize(FOUR_PLACES) for share in shares), Decimal(0))

    def external_id(self) -> str:
        """One per confirmation, so that a double click gives the money back once."""
        nonce = str(self.data.get("nonce", ""))
        return f"staff-{nonce}" if re.fullmatch(r"[0-9a-f]{32}", nonce) else ""

    def arguments(self) -> dict[str, Any]:
        """What the service is told; after `is_valid`. The nonce of the confirmation lets a double click count once."""
        pieces, nonce = self._pieces(self.cleaned_data), self.cleaned_data.get("nonce")
        told: dict[str, Any] = {
            "reason": self.cleaned_data["reason"],
            "external_id": f"staff-{nonce}" if nonce else None,
        }
        if not pieces:
            return {**told, "amount": self.cleaned_data["amount"]}
        lines = [ReturnedLine(line=number, quantity=count) for number, count in pieces.items()]
        return {**told, "lines": lines, "is_restocked": self.cleaned_data["restock"]}

    def question(self) -> str:
        return _("Refund %(amount)s?") % {"amount": money(self.amount_back, self.order.currency)}

    def verb(self) -> str:
        return _("Refund %(amount)s") % {"amount": money(self.amount_back, self.order.currency)}

    def consequences(self) -> list[str]:
        """What happens, and what cannot be taken back."""
        left = money(self.left - self.amount_back, self.order.currency)
        who = str(self.order.customer) if self.order.customer else _("a guest")
        found = [
            _("%(who)s gets %(amount)s back for order %(number)s.")
            % {"who": who, "amount": money(self.amount_back, self.order.currency), "number": self.order.number},
            _("%(left)s of what was paid stays with the shop.") % {"left": left},
        ]
        count = sum(self._pieces(self.cleaned_data).values())
        if count and self.cleaned_data["restock"]:
            text = ngettext("%(count)d piece goes back into stock.", "%(count)d pieces go back into stock.", count)
            found.append(text % {"count": count})
        return [*found, _("A refund cannot be undone here.")]

    def as_hidden_values(self) -> dict[str, Any]:
        """The same form again, for the confirmation."""
        found = {name: value for name in self.fields if (value := self.data.get(name)) not in (None, "")}
        return {**found, "nonce": uuid.uuid4().hex}
