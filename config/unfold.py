"""The admin theme: colours, marks, menus. Everything it shows is served by this installation."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

PRIMARY = {
    "50": "#f0fdfa",
    "100": "#ccfbf1",
    "200": "#99f6e4",
    "300": "#5eead4",
    "400": "#2dd4bf",
    "500": "#14b8a6",
    "600": "#0f766e",
    "700": "#115e59",
    "800": "#134e4a",
    "900": "#0f3d3a",
    "950": "#042f2e",
}


def _file(path: str) -> Any:
    """Hashed names are known only when the files are collected, so the address is asked for per request."""

    def address(request: HttpRequest) -> str:
        return static(path)

    return address


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Zhanggui"),
    "SITE_HEADER": "config.navigation.shop_name",
    "SITE_SUBHEADER": None,
    "SITE_URL": None,
    "SITE_SYMBOL": "storefront",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _file("core/favicon.svg")}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "SHOW_BACK_BUTTON": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {"primary": PRIMARY},
    "DASHBOARD_CALLBACK": "core.dashboard.home",
    "STYLES": [_file("core/zhanggui.css")],
    "SCRIPTS": [_file("core/admin.js"), _file("core/chart.js")],
    "LOGIN": {"image": _file("core/login.svg")},
    "ACCOUNT": {
        "navigation": [
            {"title": _("My profile"), "link": reverse_lazy("admin:profile")},
            {"title": _("Change password"), "link": reverse_lazy("admin:password_change")},
        ]
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "config.navigation.sidebar",
    },
}
