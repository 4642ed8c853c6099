"""What an import did: counts per section, rules that were applied, rows that were refused and why."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from catalog.importing.reader import Refusal
from core.said import Said

SAMPLE = 20
TOTALS = (
    "file", "orders", "refunds", "left_out", "difference", "file_payments", "payments", "difference_payments",
)  # fmt: skip


@dataclass
class SectionCount:
    """Rows of one section. read = new + changed + same + refused, except for rows that a rule took apart."""

    file: str = ""
    read: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0
    seconds: float = 0.0


@dataclass
class Rule:
    count: int = 0
    amount: Decimal | None = None


@dataclass
class Report:
    """Becomes ImportBatch.report, and can be made from it. Amounts are written as text, so that no cent is lost."""

    sections: dict[str, SectionCount] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    totals: dict[str, Decimal] = field(default_factory=dict)
    notes: list[Said] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    sample: list[Refusal] = field(default_factory=list)
    changes: list[dict[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    def section(self, name: str) -> SectionCount:
        return self.sections.setdefault(name, SectionCount())

    def rule(self, code: str, count: int, amount: Decimal | None = None) -> None:
        """Note that a rule of docs/import.md was applied to `count` rows worth `amount`. Nothing when to none."""
        if not count:
            return
        rule = self.rules.setdefault(code, Rule())
        rule.count += count
        if amount is not None:
            rule.amount = (rule.amount or Decimal(0)) + amount

    def note(self, text: str, **values: Any) -> None:
        """A sentence marked with gettext_noop and what goes into its places; read in the language of the reader."""
        said = Said(text, values)
        if said not in self.notes:
            self.notes.append(said)

    @property
    def refused(self) -> int:
        return sum(section.refused for section in self.sections.values())

    @contextmanager
    def timed(self, name: str) -> Iterator[SectionCount]:
        section = self.section(name)
        begun = time.monotonic()
        try:
            yield section
        finally:
            section.seconds = round(section.seconds + time.monotonic() - begun, 2)

    def restore(self, stored: dict[str, Any]) -> None:
        """Become the report that was stored, or an empty one."""
        stored = in_order(stored)
        self.sections = {
            name: SectionCount(**{key: value for key, value in row.items() if key != "place"})
            for name, row in stored.get("sections", {}).items()
        }
        self.rules = {
            code: Rule(row["count"], None if row["amount"] is None else Decimal(row["amount"]))
            for code, row in stored.get("rules", {}).items()
        }
        self.totals = {name: Decimal(amount) for name, amount in stored.get("totals", {}).items()}
        self.notes = [Said(**note) for note in stored.get("notes", [])]
        self.left = list(stored.get("left", []))
        self.sample = [
            Refusal(row["file"], row["line"], row["column"], Said(**row["reason"]), "")
            for row in stored.get("refused_sample", [])
        ]

    def as_json(self) -> dict[str, Any]:
        return {
            "sections": {
                name: {**vars(section), "place": place} for place, (name, section) in enumerate(self.sections.items())
            },
            "rules": {
                code: {
                    "count": rule.count,
                    "amount": None if rule.amount is None else f"{rule.amount:.2f}",
                    "place": place,
                }
                for place, (code, rule) in enumerate(self.rules.items())
            },
            "totals": {name: f"{amount:.2f}" for name, amount in self.totals.items()},
            "notes": [vars(note) for note in self.notes],
            "left": self.left,
            "refused": self.refused,
            "refused_sample": [
                {"file": r.file, "line": r.line, "column": r.column, "reason": vars(r.reason)} for r in self.sample
            ],
            "changed_sample": self.changes,
            "seconds": round(self.seconds, 2),
        }


def in_order(report: dict[str, Any]) -> dict[str, Any]:
    """A stored report with its sections, rules and totals in the order in which they were made: PostgreSQL keeps the
    keys of a JSON object in an order of its own."""
    ordered = dict(report)
    for part in ("sections", "rules"):
        rows = report.get(part, {})
        ordered[part] = dict(sorted(rows.items(), key=lambda item: item[1].get("place", 0)))
    totals = report.get("totals", {})
    ordered["totals"] = {name: totals[name] for name in (*TOTALS, *sorted(set(totals) - set(TOTALS))) if name in totals}
    return ordered


def table(report: dict[str, Any]) -> Iterable[str]:
    """The report as lines of text for a terminal."""
    report = in_order(report)
    columns = ["read", "new", "changed", "same", "refused"]
    titles = [_("read"), _("new"), pgettext("rows", "changed"), _("same"), _("refused"), _("seconds")]
    yield f"{_('section'):<24}" + "".join(f"{title:>12}" for title in titles)
    for name, section in report["sections"].items():
        counts = "".join(f"{section[column]:>12,}" for column in columns)
        yield f"{name:<24}{counts}{section['seconds']:>12.1f}"
    for code, rule in report["rules"].items():
        amount = "" if rule["amount"] is None else f"{Decimal(rule['amount']):>18,.2f}"
        yield f"  {rule_label(code):<58}{rule['count']:>12,}{amount}"
    for name, value in report["totals"].items():
        yield f"  {total_label(name):<70}{Decimal(value):>18,.2f}"
    yield from (f"  {words(note)}" for note in report["notes"])


def words(said: Any) -> str:
    """A sentence of a stored report in the language of the reader."""
    return str(Said(**said)) if isinstance(said, dict) else str(said)


def rule_label(code: str) -> str:
    """What a rule did, in words. Codes of other apps are shown as they are."""
    return {
        "brands_new": _("brands made from their names"),
        "variants_made": _("products without variants that got one without counted stock"),
        "variants_replaced": _("variants made by an earlier import, replaced by those of the file"),
        "products_without_variant": _("products that no variant of the file belongs to"),
        "lines_without_product": _("order lines whose SKU the shop does not know"),
        "payments_assumed": _("bought orders without payment, taken as paid in full"),
        "purchases": _("purchases written for recommendations"),
        "visitors_new": _("visitors made from their IDs"),
        "ratings": _("stars of customers, written for recommendations"),
        "satisfaction": _("ratings of tickets by customers"),
        "custom_fields": _("values of custom fields of customers"),
        "consent_history": _("acts of consent, written into the history"),
        "replies": _("replies of the shop to reviews"),
        "guest_orders": _("orders of guests (no customer)"),
        "orders_of_shipping_alone": _("orders with shipping and no product"),
        "duplicates_kept": _("lines equal to an earlier one, kept"),
        "codes_unified": _("product codes that differ only in case or spaces, unified"),
        "sales": _("lines of products sold"),
        "shipping": _("postage and carriage, added to the order"),
        "returns_matched": _("returns matched to the order line they belong to"),
        "returns_unmatched": _("returns whose order is not in the file"),
        "shipping_returned": _("postage and carriage given back"),
        "left_out_manual": _("left out: entered by hand (M)"),
        "left_out_discount": _("left out: discounts (D)"),
        "left_out_samples": _("left out: samples (S)"),
        "left_out_bank_charges": _("left out: bank charges"),
        "left_out_adjustments": _("left out: adjustments (ADJUST)"),
        "left_out_marketplace_fees": _("left out: marketplace fees (AMAZONFEE)"),
        "left_out_bad_debt": _("left out: bad debt (B)"),
        "left_out_charity": _("left out: charity (CRUK)"),
        "left_out_vouchers": _("left out: gift vouchers"),
        "left_out_cushion_pads": _("left out: cushion pads thrown in (PADS)"),
        "left_out_tests": _("left out: test products"),
        "left_out_unwanted": _("left out: events of browsers that do not want to be followed"),
        "left_out_stock_write_offs": _("left out: stock written off (negative quantity, no return)"),
        "left_out_zero_price": _("left out: price of zero"),
        "left_out_negative_price": _("left out: price below zero"),
        "left_out_odd_returns": _("left out: returns with a positive quantity"),
        "left_out_zero_quantity": _("left out: quantity of zero"),
        "left_out_never_sold": _("left out: products that were never sold and have no price"),
        "left_out_zero_payments": _("left out: payments of zero"),
        "orders_without_lines": _("orders without any product"),
        "orders_of_known_people": _("orders of people who had ordered before"),
    }.get(code, code)


def total_label(name: str) -> str:
    return {
        "file": _("Net amount of the file"),
        "orders": _("Total of the orders"),
        "refunds": _("Refunds"),
        "left_out": _("Left out by rule"),
        "difference": _("Difference"),
        "file_payments": _("Payments of the file"),
        "payments": _("Payments in the shop"),
        "difference_payments": _("Difference of payments"),
    }.get(name, name)
