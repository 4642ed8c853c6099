"""What roles may do with products, orders and customers (see core.roles)."""

from core.choices import Role
from core.roles import rights

_PRODUCTS = (
    "product",
    "variant",
    "category",
    "brand",
    "productimage",
    "stockmovement",
    "bulkchange",
    "arrivingpicture",
)
_ORDERS = ("order", "orderline", "orderevent", "payment", "refund")


def _all(models: tuple[str, ...], actions: str = "view") -> set[str]:
    return set().union(*(rights(f"catalog.{model}", actions) for model in models))


_CATALOGUE_SEEN = _all(_PRODUCTS)
_SALES_SEEN = _all(_ORDERS)
_CUSTOMERS_SEEN = _all(("customer", "customertrait", "customermerge"))
_SEARCHES_SEEN = _all(("searchquery", "searchsynonym"))
_PEOPLE = {"catalog.view_personal_data"}
_UNDO = {"catalog.undo_importbatch"}

ROLE_PERMISSIONS: dict[Role, set[str]] = {
    Role.MERCHANDISER: _all(("searchsynonym",), "view add change delete")
    | _SEARCHES_SEEN
    | _all(_PRODUCTS[:5], "view add change delete")
    | _CATALOGUE_SEEN
    | _SALES_SEEN
    | _all(("importbatch",), "view add")
    | _UNDO,
    Role.ANALYST: _SEARCHES_SEEN | _CATALOGUE_SEEN | _SALES_SEEN | _CUSTOMERS_SEEN | _all(("importbatch", "deadevent")),
    Role.MARKETER: _SEARCHES_SEEN | _CATALOGUE_SEEN | _SALES_SEEN | _CUSTOMERS_SEEN,
    Role.SUPPORT: _CATALOGUE_SEEN
    | _SALES_SEEN
    | _CUSTOMERS_SEEN
    | _PEOPLE
    | rights("core.datarequest", "view add")
    | rights("catalog.customer", "change")
    | {"catalog.merge_customers"}
    | rights("catalog.order", "change"),
    Role.EDITOR: _CATALOGUE_SEEN,
    Role.OPERATOR: _all(("importbatch",), "view add") | _UNDO | _all(("deadevent",), "view change delete"),
    Role.DEVELOPER: _CATALOGUE_SEEN | _all(("deadevent",)),
    Role.AUDITOR: _SEARCHES_SEEN | _CATALOGUE_SEEN | _SALES_SEEN | _CUSTOMERS_SEEN | _all(("importbatch",)),
}
