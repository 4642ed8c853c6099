"""Numbers, money and moments as the product writes them, in the language that is active."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from core.shop import current_shop

SYMBOLS = {
    "CNY": "¥", "JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$", "TWD": "NT$", "KRW": "₩", "INR": "₹",
    "SGD": "S$", "AUD": "A$", "CAD": "C$", "NZD": "NZ$", "BRL": "R$", "THB": "฿", "VND": "₫", "MYR": "RM", "PHP": "₱",
}  # fmt: skip
WITHOUT_DECIMALS = {"JPY", "KRW", "VND", "CLP", "ISK"}
PLACES = {0: Decimal(1), 2: Decimal("0.01")}
MINUS = "−"


def base_currency() -> str:
    """The shop's currency."""
    return current_shop().base_currency


def money(amount: Decimal | float | int | None, currency: str = "", *, is_whole: bool = False) -> str:
    """¥128.00, −¥4.20; another currency than the shop's adds its code: $12.50 USD. None is "–". `is_whole`: ¥128."""
    if amount is None:
        return "–"
    base = base_currency()
    code = (currency or base).upper()
    places = 0 if is_whole or code in WITHOUT_DECIMALS else 2
    exact = amount if isinstance(amount, Decimal) else Decimal(str(amount))
    value = exact.quantize(PLACES[places], ROUND_HALF_UP)
    number = _grouped(abs(value), places)
    sign = MINUS if value < 0 else ""
    symbol = SYMBOLS.get(code, "")
    known = bool(symbol) and code == base
    return f"{sign}{symbol}{number}" if known else f"{sign}{symbol}{number} {code}"


def listed(items: Iterable[Any]) -> str:
    """Some things on one line: "a, b" in English, “a、b” in Chinese."""
    return pgettext("between the members of a list", ", ").join(map(str, items))


def run_on(sentences: Iterable[str]) -> str:
    """Whole sentences one after another; a Chinese one leaves no space behind its full stop."""
    return ("" if _is_chinese() else " ").join(filter(None, sentences))


def money_short(amount: Any) -> str:
    """¥12.3K, ¥26.6 万 from ten thousand on, in the shop's currency: for cards."""
    if amount is None or abs(amount) < 10_000:
        return money(amount)
    code = base_currency().upper()
    symbol, short = SYMBOLS.get(code, ""), compact(abs(amount))
    sign = MINUS if amount < 0 else ""
    return f"{sign}{symbol}{short}" if symbol else f"{sign}{short} {code}"


def money_about(amount: Decimal | float | int | None) -> str:
    """An estimate, without decimals that nobody knows: ¥22,340, below a hundred ¥3.20, none ¥0."""
    return money(amount, is_whole=amount is not None and (not amount or abs(float(amount)) >= 100))


def money_cell(amount: Decimal | float | int | None) -> Decimal | None:
    """In a file: a number with the decimals that the shop's currency has, whatever it was worked out with."""
    if amount is None:
        return None
    exact = amount if isinstance(amount, Decimal) else Decimal(str(amount))
    places = 0 if base_currency().upper() in WITHOUT_DECIMALS else 2
    return exact.quantize(PLACES[places], ROUND_HALF_UP)


def figure(value: Any, places: int = 0) -> str:
    """12,345 in full, for tables. None is "–"."""
    if value is None:
        return "–"
    value = round(value, places)  # Django cuts what is too long: 0.667 would become 0.66
    is_exact = type(value) is int and not places
    text = _grouped(abs(value), 0) if is_exact else _formatted(abs(value), places)
    return f"{MINUS}{text}" if value < 0 else text


def signed(value: float, places: int = 1) -> str:
    """A change: +1,240.5, −0.3, and 0.0 without a sign where nothing else is left of it."""
    text = figure(abs(value), places)
    if not round(value, places):
        return text
    return f"{MINUS if value < 0 else '+'}{text}"


def points(share: float | None) -> str:
    """A difference of two shares: "+1.2 points"."""
    return "–" if share is None else _("%(points)s points") % {"points": signed(100 * share)}


def _grouped(value: Decimal | float, places: int) -> str:
    """A number that has no more than these places. Python writes it as Django does, in a fifth of the time: pages of
    figures have thousands."""
    return f"{value:,.{places}f}" if _is_usual(get_language()) else _formatted(value, places)


@cache
def _is_usual(language: str | None) -> bool:
    """Whether numbers are written 12,345.67 in it, as in all languages that the product ships."""
    names = ("THOUSAND_SEPARATOR", "DECIMAL_SEPARATOR", "NUMBER_GROUPING")
    return [formats.get_format(name, language, use_l10n=True) for name in names] == [",", ".", 3]


def _formatted(value: Any, places: int) -> str:
    return str(formats.number_format(value, decimal_pos=places, use_l10n=True, force_grouping=True))


def count_words(count: tuple[int, bool] | None) -> str:
    """ "2,408", or "about 12,400" where nobody counted further (core.paginator.RowCount)."""
    if count is None:
        return ""
    number, is_about = count
    return _("about %(count)s") % {"count": figure(number)} if is_about else figure(number)


def compact(value: Any) -> str:
    """12.3K, 1.2M or 1.2 万, 3.4 亿: for cards and axes."""
    if value is None:
        return "–"
    number = float(value)
    size = abs(number)
    steps = [(1e8, " 亿"), (1e4, " 万")] if _is_chinese() else [(1e9, "B"), (1e6, "M"), (1e4, "K")]
    for step, unit in steps:
        if size >= step:
            short = size / (1e3 if unit == "K" else step)
            text = f"{short:.0f}" if short >= 100 else f"{short:.1f}".removesuffix(".0")
            return f"{MINUS if number < 0 else ''}{text}{unit}"
    places = 0 if number == int(number) or size >= 100 else 1
    return figure(round(number, places), places)


def percent(share: float | None, base: float | int | None = None) -> str:
    """4.1%, 23%, 1,240%, 0%; with a base "4.1% of 2,318". One decimal below 10."""
    if share is None:
        return "–"
    size = abs(share * 100)
    # 9.96 reads as ten, which has no decimal.
    places = 1 if size and round(size, 1) < 10 else 0
    text = f"{MINUS if share < 0 else ''}{_grouped(round(size, places), places)}%"
    return text if base is None else _("%(share)s of %(base)s") % {"share": text, "base": figure(base)}


def when(moment: datetime | None) -> str:
    """23 Nov 2026, 14:05 / 2026年11月23日 14:05, in the shop's time zone. None is "–"."""
    if moment is None:
        return "–"
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    if _is_chinese():
        return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
    return f"{local.day} {formats.date_format(local, 'M')} {local.year}, {local:%H:%M}"


def day_text(day: date | datetime | None) -> str:
    """30 Nov 2010 / 2010年11月30日, in the shop's time zone. None is "–"."""
    if day is None:
        return "–"
    if isinstance(day, datetime):
        day = timezone.localtime(day).date() if timezone.is_aware(day) else day.date()
    if _is_chinese():
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {formats.date_format(day, 'M')} {day.year}"


def ago(moment: datetime | None) -> SafeString | str:
    """ "12 min ago" below a day, the date above; the full moment in `<time>`."""
    if moment is None:
        return "–"
    seconds = (timezone.now() - moment).total_seconds()
    full = when(moment)
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), full, _age(seconds) or full)


def duration(seconds: float | None) -> str:
    """45 s, 12 min, 3 h: how long something took or will take."""
    if seconds is None:
        return "–"
    if seconds < 90:
        return _("%(count)d s") % {"count": max(0, round(seconds))}
    if seconds < 5400:
        return _("%(count)d min") % {"count": round(seconds / 60)}
    return _("%(count)d h") % {"count": round(seconds / 3600)}


def _age(seconds: float) -> str:
    if seconds < 0 or seconds >= 86_400:
        return ""
    if seconds < 60:
        return _("just now")
    if seconds < 3600:
        return _("%(count)d min ago") % {"count": int(seconds // 60)}
    hours = int(seconds // 3600)
    return ngettext("%(count)d hour ago", "%(count)d hours ago", hours) % {"count": hours}


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")


def plain(value: Any) -> str:
    """A stored value for a table cell: numbers grouped, nothing as "–"."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, int):
        return figure(value)
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) < 1000 else figure(value)
    return str(value)
