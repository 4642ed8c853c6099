"""What the catalogue itself shows on the pages of a product and of a customer."""

from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import selectors_admin as reads
from catalog.admin import cells
from catalog.extensions import trait_words
from catalog.models import Customer, ImportBatch, Order, Product, StockMovement
from core.admin.rights import state_pill
from core.components import ago, figure, money, when
from core.components.words import MINUS
from core.models import DataRequest
from core.panels import MAIN, Panel
from core.shop import current_shop

ORDERS_SHOWN = 10
MOVEMENTS_SHOWN = 8
FAILED_SHOWN = 5


# --- product ------------------------------------------------------------------------------------------------------


def product_state(request: HttpRequest, product: Product) -> Panel:
    """Status, identity and age; the way back for a deleted product."""
    rows: list[tuple[Any, Any]] = [(_("Status"), cells.product_status(product))]
    rows.append((_("Own ID"), product.external_id or "–"))
    if product.published_at:
        rows.append((_("Published"), cells.day(product.published_at)))
    rows += [(_("Added"), cells.day(product.created_at)), (_("Changed"), ago(product.updated_at))]
    if product.deleted_at:
        rows.append((_("Deleted"), when(product.deleted_at)))
    may_delete = request.user.has_perm("catalog.delete_product")
    return Panel(
        title=_("State"),
        template="admin/catalog/panels/product_state.html",
        context={"rows": rows, "product": product, "may_delete": may_delete},
    )


def product_sold(request: HttpRequest, product: Product) -> Panel:
    """Pieces sold in 28 days, day by day."""
    clock = reads.shop_clock()
    sales = reads.product_sales([product.pk], clock).get(product.pk)
    title = _("Sold in 28 days")
    if sales is None:
        return Panel(
            title=title, empty=_("Nothing was sold in the 28 days to %(day)s.") % {"day": cells.date_text(clock.today)}
        )
    highest = max(sales.daily)
    text = ngettext(
        "%(count)s piece in the 28 days to %(day)s", "%(count)s pieces in the 28 days to %(day)s", sales.pieces
    )
    return Panel(
        title=title,
        template="admin/catalog/panels/product_sold.html",
        context={
            "text": text % {"count": figure(sales.pieces), "day": cells.date_text(clock.today)},
            "bars": [round(100 * pieces / highest) for pieces in sales.daily],
            "days": [
                (cells.date_text(day), pieces) for day, pieces in zip(clock.days, sales.daily, strict=True) if pieces
            ],
        },
    )


def product_stock_history(request: HttpRequest, product: Product) -> Panel | None:
    """The last entries of the ledger for all variants of the product."""
    if not request.user.has_perm("catalog.view_stockmovement"):
        return None
    rows = StockMovement.objects.filter(variant__product=product).select_related("variant", "order").order_by("-id")
    movements = list(rows[:MOVEMENTS_SHOWN])
    return Panel(
        title=_("Stock history"),
        template="admin/catalog/panels/stock_history.html",
        context={"movements": [_movement(row) for row in movements]},
        url=f"{reverse('admin:catalog_stockmovement_changelist')}?variant__product__id__exact={product.pk}",
        url_label=_("All movements"),
        empty="" if movements else _("No count, sale or return was written yet."),
    )


def _movement(row: StockMovement) -> dict[str, Any]:
    return {
        "title": cells.sentence(row.get_reason_display()),
        "sku": row.variant.sku,
        "order": row.order,
        "delta": f"+{figure(row.delta)}" if row.delta > 0 else f"{MINUS}{figure(-row.delta)}",
        "balance": figure(row.balance),
        "moment": row.created_at,
    }


# --- customer -----------------------------------------------------------------------------------------------------


def customer_facts(request: HttpRequest, customer: Customer) -> Panel:
    """What counts first: how much, how often, how long ago."""
    purchases = reads.customer_purchases([customer.pk], current_shop().base_currency)
    bought = purchases.get(customer.pk, reads.Purchases())
    rows: list[tuple[Any, Any]] = [
        (_("Paid orders"), figure(bought.orders)),
        (_("Revenue"), money(bought.revenue)),
        (_("Orders with a refund"), figure(bought.returned)),
        (_("Amount given back"), money(bought.given_back)),
        (_("Last order"), ago(bought.last_at) if bought.last_at else _("none yet")),
        (_("Customer since"), cells.day(customer.joined_at)),
        (_("Own ID"), customer.external_id or "–"),
    ]
    return Panel(title=_("Facts"), context={"rows": rows})


def customer_orders(request: HttpRequest, customer: Customer) -> Panel | None:
    """The last orders, newest first."""
    if not request.user.has_perm("catalog.view_order"):
        return None
    rows = Order.objects.filter(customer=customer)
    orders = list(rows.order_by("-placed_at", "-id")[:ORDERS_SHOWN])
    pieces = reads.order_pieces(order.pk for order in orders)
    count = rows.count() if len(orders) == ORDERS_SHOWN else len(orders)
    refunds = reads.customer_loose_refunds(customer)
    return Panel(
        title=_("Orders"),
        template="admin/catalog/panels/customer_orders.html",
        context={
            "orders": [(order, pieces.get(order.pk, 0), cells.order_status(order)) for order in orders],
            "refunds": refunds,
        },
        place=MAIN,
        count=count,
        url=f"{reverse('admin:catalog_order_changelist')}?customer__id__exact={customer.pk}" if orders else "",
        url_label=_("All orders"),
        empty="" if orders or refunds else _("No order yet."),
    )


def customer_interactions(request: HttpRequest, customer: Customer) -> Panel:
    """What the customer did last in the shop."""
    acts = reads.latest_interactions(customer)
    return Panel(
        title=_("Last seen in the shop"),
        template="admin/catalog/panels/customer_interactions.html",
        context={"acts": acts},
        place=MAIN,
        empty="" if acts else _("Nothing is known yet: events arrive from the storefront or with an import."),
    )


def customer_traits(request: HttpRequest, customer: Customer) -> Panel | None:
    """Segments and scores; nothing while no app has computed any."""
    if not request.user.has_perm("catalog.view_customertrait"):
        return None
    traits = {trait.kind: trait for trait in customer.traits.select_related("model_version").order_by("kind")}
    if not traits:
        return None
    told = [
        (entry.meta.get("title", entry.key), entry.resolve()(traits[entry.key]))
        for entry in trait_words
        if entry.key in traits
    ]
    plain = [trait for kind, trait in traits.items() if kind not in trait_words]
    return Panel(
        title=_("Traits"),
        template="admin/catalog/panels/customer_traits.html",
        context={"scores": told, "traits": plain},
    )


def customer_rights(request: HttpRequest, customer: Customer) -> Panel | None:
    """Copies and erasures this person asked for, and the way to start one."""
    may_ask = request.user.has_perm("core.add_datarequest")
    if not may_ask and not request.user.has_perm("core.view_datarequest"):
        return None
    known = DataRequest.objects.filter(subject_model="catalog.Customer", subject_id=customer.pk)[:5]
    rows = [(row, state_pill(row), reverse("admin:core_datarequest_change", args=[row.pk])) for row in known]
    is_direct = request.user.has_perm("core.change_datarequest")
    consequence = _(
        "Name, contact data, scores and visits are removed for ever; orders stay without a name. "
        "This cannot be taken back."
    )
    return Panel(
        title=_("Personal data"),
        template="admin/core/panels/rights.html",
        context={
            "requests": rows,
            "may_ask": may_ask,
            "subject": "catalog.Customer",
            "consequence": consequence if is_direct else _("Somebody who may carry it out has to approve it first."),
        },
    )


# --- import -------------------------------------------------------------------------------------------------------


def arriving_of_import(request: HttpRequest, batch: ImportBatch) -> Panel | None:
    """Pictures that this import named by their addresses and that are not there yet."""
    found = batch.arriving_pictures.aggregate(
        waiting=Count("pk", filter=Q(state="waiting")), failed=Count("pk", filter=Q(state="failed"))
    )
    if not (found["waiting"] or found["failed"]):
        return None
    rows: list[tuple[Any, Any]] = [(_("Waiting"), figure(found["waiting"])), (_("Failed"), figure(found["failed"]))]
    rows += [
        (_("%(file)s, line %(line)d") % {"file": row.file, "line": row.line or 0}, row.why)
        for row in batch.arriving_pictures.failed().order_by("line")[:FAILED_SHOWN]  # type: ignore[attr-defined]
    ]
    view = "failed" if found["failed"] else "waiting"
    return Panel(
        _("Pictures by address"), context={"rows": rows},
        url=f"{reverse('admin:catalog_arrivingpicture_changelist')}?view={view}&batch={batch.pk}",
        url_label=_("Show them all"),
    )  # fmt: skip
