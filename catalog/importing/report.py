"""What an import did: counts per section, rules that were applied, rows that were refused and why."""

import csv
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from catalog.importing.reader import Refusal
from core.exports import safe_cell

SAMPLE = 20
TOTALS = ("file", "orders", "refunds", "left_out", "difference")
HEADER = ["file", "line", "column", "reason", "row"]


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
    """Becomes ImportBatch.report. Amounts are written as text, so that no cent is lost."""

    sections: dict[str, SectionCount] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    totals: dict[str, Decimal] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    sample: list[Refusal] = field(default_factory=list)
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

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

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
            "notes": self.notes,
            "left": self.left,
            "refused": self.refused,
            "refused_sample": [
                {"file": r.file, "line": r.line, "column": r.column, "reason": r.reason} for r in self.sample
            ],
            "seconds": round(self.seconds, 2),
        }


class RefusedFile:
    """The refused rows as a CSV that a spreadsheet can open without danger. Made with the first row."""

    def __init__(self, path: Path, report: Report) -> None:
        self.path = path
        self._report = report
        self._file: IO[str] | None = None
        self._writer: Any = None

    def add(self, section: str, refusal: Refusal) -> None:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow(HEADER)
        self._writer.writerow(
            [
                safe_cell(part.replace("\0", "\\0") if isinstance(part, str) else part)
                for part in (refusal.file, refusal.line, refusal.column, refusal.reason, refusal.row)
            ]
        )
        self._report.section(section).refused += 1
        if len(self._report.sample) < SAMPLE:
            self._report.sample.append(refusal)

    @property
    def is_used(self) -> bool:
        return self._file is not None

    def close(self) -> None:
        if self._file is not None and not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()


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
    yield from (f"  {note}" for note in report["notes"])


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
        "left_out_stock_write_offs": _("left out: stock written off (negative quantity, no return)"),
        "left_out_zero_price": _("left out: price of zero"),
        "left_out_negative_price": _("left out: price below zero"),
        "left_out_odd_returns": _("left out: returns with a positive quantity"),
        "left_out_zero_quantity": _("left out: quantity of zero"),
    }.get(code, code)


def total_label(name: str) -> str:
    return {
        "file": _("Net amount of the file"),
        "orders": _("Total of the orders"),
        "refunds": _("Refunds"),
        "left_out": _("Left out by rule"),
        "difference": _("Difference"),
    }.get(name, name)
