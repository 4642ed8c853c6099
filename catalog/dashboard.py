"""The shop's own part of the staff home: what waits for a merchandiser, and four figures."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import selectors_admin as reads
from catalog.admin import cells
from catalog.figures import ShopFigures, shop_clock, shop_figures
from catalog.models import LOW_STOCK
from core.components import Figure, Meaning, when
from core.components.words import count_words
from core.dashboard import Card, Step, WorkItem
from core.paginator import RowCount
from core.remembered import remembered
from core.shop import current_shop

NORMAL_VARIATION = 0.05


def cards(request: HttpRequest) -> Card | None:
    """At most four queries: the clock, the figures, the products, the drafts. None for people who may see nothing."""
    sees_products = request.user.has_perm("catalog.view_product")
    sees_orders = request.user.has_perm("catalog.view_order")
    sees_customers = request.user.has_perm("catalog.view_customer")
    if not (sees_products or sees_orders or sees_customers):
        return None
    counts = remembered("catalog.product_counts", reads.product_counts)[0] if sees_products else {}
    work = _work(request, counts) if request.user.has_perm("catalog.change_product") else []
    figures: list[Figure] = []
    steps: list[Step] = []
    note = ""
    if sees_orders or sees_customers:
        shop = current_shop()
        found, as_of = remembered(
            f"catalog.figures.{shop.base_currency}.{shop.time_zone}",
            lambda: shop_figures(shop_clock(), shop.base_currency),
        )
        clock = found.clock
        figures = [*(_sales(found) if sees_orders else []), *([_customers(found)] if sees_customers else [])]
        if clock.is_history:
            note = _("Figures as of %(day)s, the last day with a paid order.") % {"day": cells.date_text(clock.today)}
        elif as_of is not None:
            note = _("Figures as of %(time)s.") % {"time": when(as_of)}
    if sees_products:
        figures.append(_low_stock(counts))
        if not counts["all"].number:
            steps.append(
                Step(_("Bring in products, customers and orders"), reverse("admin:catalog_importbatch_changelist"))
            )
    return Card(work=work, figures=figures, steps=steps, note=note)


def _work(request: HttpRequest, counts: dict[str, RowCount]) -> list[WorkItem]:
    products = reverse("admin:catalog_product_changelist")
    items = [
        WorkItem(
            ngettext("product is almost sold out", "products are almost sold out", counts["low"].number),
            counts["low"].number,
            f"{products}?view=low",
            Meaning.WAITING,
            _("%(count)d pieces or fewer") % {"count": LOW_STOCK},
        ),
        WorkItem(
            ngettext("live product is out of stock", "live products are out of stock", counts["out"].number),
            counts["out"].number,
            f"{products}?view=out",
            Meaning.STOPPED,
            _("not recommended and not for sale"),
        ),
    ]
    drafts = reads.drafts_without_picture() if counts["draft"].number else 0
    items.append(
        WorkItem(
            ngettext("draft has no picture", "drafts have no picture", drafts),
            drafts,
            f"{products}?view=draft",
            Meaning.WAITING,
            _("add one before publishing"),
        )
    )
    return items


def _sales(found: ShopFigures) -> list[Figure]:
    orders = reverse("admin:catalog_order_changelist")
    day = f"{found.clock.today:%Y-%m-%d}"
    same_day = f"{orders}?placed_at_from={day}&placed_at_to={day}"
    today = _("Orders today")
    if found.clock.is_history:
        today = _("Orders on %(day)s") % {"day": cells.date_text(found.clock.today)}
    return [
        Figure(
            label=today,
            value=found.orders_today,
            previous=found.orders_week_ago,
            base=found.orders_week_ago,
            period=_("a week before") if found.clock.is_history else _("a week ago at this time"),
            series=found.orders_daily,
            noise=NORMAL_VARIATION,
            url=same_day,
        ),
        Figure(
            label=_("Revenue, 28 days"),
            value=found.revenue,
            previous=found.revenue_before,
            base=found.paid_orders_before,
            period=_("previous 28 days") if found.clock.is_history else _("the 28 days before, to this hour"),
            kind="money",
            name="revenue",
            series=found.revenue_daily,
            noise=NORMAL_VARIATION,
            note=_("paid, less refunds"),
        ),
    ]


def _customers(found: ShopFigures) -> Figure:
    return Figure(
        label=_("New customers, 28 days"),
        value=found.customers,
        previous=found.customers_before,
        base=found.customers_before,
        period=_("previous 28 days") if found.clock.is_history else _("the 28 days before, to this hour"),
        series=found.customers_daily,
        noise=NORMAL_VARIATION,
        url=reverse("admin:catalog_customer_changelist"),
    )


def _low_stock(counts: dict[str, RowCount]) -> Figure:
    return Figure(
        label=_("Low stock"),
        value=counts["low"].number,
        more_is="bad",
        url=f"{reverse('admin:catalog_product_changelist')}?view=low",
        note=_("of %(count)s live products") % {"count": count_words(counts["live"])},
    )
