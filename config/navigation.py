"""The menu of the staff site. An item is there when its page exists and the person may open it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.extensions import staff_pages
from core.mail.reading import sees_mail
from core.shop import current_shop


@dataclass(frozen=True)
class Item:
    title: Any
    icon: str
    page: str
    permission: str = ""
    allowed: Callable[[Any], bool] | None = None
    """Asked instead where a page is open to more than one right."""


INTELLIGENCE = _("Intelligence")
ANALYTICS = _("Analytics")
REVIEWS = _("Reviews")
PHOTOS = _("Photos")
LOYALTY = pgettext_lazy("menu", "Loyalty")
SERVICE = pgettext_lazy("menu", "Service")
MARKETING = pgettext_lazy("menu", "Marketing")

GROUPS: list[tuple[Any, list[Item]]] = [
    ("", [Item(_("Home"), "home", "index")]),
    (
        _("Catalogue"),
        [
            Item(_("Products"), "inventory_2", "catalog_product_changelist", "catalog.view_product"),
            Item(_("Categories"), "account_tree", "catalog_category_changelist", "catalog.view_category"),
            Item(_("Brands"), "sell", "catalog_brand_changelist", "catalog.view_brand"),
            Item(_("Bulk changes"), "edit_note", "catalog_bulkchange_changelist", "catalog.view_bulkchange"),
            Item(_("Synonyms"), "join", "catalog_searchsynonym_changelist", "catalog.view_searchsynonym"),
            Item(_("Stock movements"), "swap_vert", "catalog_stockmovement_changelist", "catalog.view_stockmovement"),
        ],
    ),
    (
        _("Sales"),
        [
            Item(_("Orders"), "receipt_long", "catalog_order_changelist", "catalog.view_order"),
            Item(_("Customers"), "group", "catalog_customer_changelist", "catalog.view_customer"),
            Item(_("Worklists"), "checklist", "crm_worklists", "crm.view_worklist"),
            Item(_("Care programmes"), "volunteer_activism", "crm_careprogramme_changelist", "crm.view_careprogramme"),
            Item(_("Imports"), "upload_file", "catalog_importbatch_changelist", "catalog.view_importbatch"),
        ],
    ),
    (
        PHOTOS,
        [
            Item(_("All photos"), "photo_library", "vision_imageanalysis_changelist", "vision.view_imageanalysis"),
            Item(_("Arriving"), "downloading", "catalog_arrivingpicture_changelist", "catalog.view_arrivingpicture"),
            Item(_("Label sets"), "sell", "vision_labelset_changelist", "vision.view_labelset"),
        ],
    ),
    (
        REVIEWS,
        [
            Item(_("All reviews"), "reviews", "reviews_review_changelist", "reviews.view_review"),
            Item(_("Aspects"), "category", "reviews_aspect_changelist", "reviews.view_aspect"),
            Item(_("Articles"), "article", "reviews_article_changelist", "reviews.view_article"),
            Item(_("Intents"), "psychology_alt", "reviews_intent_changelist", "reviews.view_intent"),
            Item(
                _("Unhappy customers"), "sentiment_dissatisfied", "reviews_followup_changelist", "reviews.view_followup"
            ),
            Item(_("Reply templates"), "quickreply", "reviews_replytemplate_changelist", "reviews.view_replytemplate"),
        ],
    ),
    (
        SERVICE,
        [
            Item(pgettext_lazy("menu", "Tickets"), "confirmation_number", "crm_ticket_changelist", "crm.view_ticket"),
            Item(_("Canned replies"), "notes", "crm_cannedreply_changelist", "crm.view_cannedreply"),
            Item(_("Macros"), "bolt", "crm_macro_changelist", "crm.view_macro"),
            Item(_("Teams"), "groups_2", "crm_team_changelist", "crm.view_team"),
            Item(_("Response targets"), "timer", "crm_slapolicy_changelist", "crm.view_slapolicy"),
            Item(_("Business hours"), "schedule", "crm_businesshours_changelist", "crm.view_businesshours"),
            Item(_("Inbox settings"), "tune", "crm_desksettings_changelist", "crm.view_desksettings"),
        ],
    ),
    (
        LOYALTY,
        [
            Item(
                pgettext_lazy("menu", "Points accounts"),
                "loyalty",
                "crm_loyaltyaccount_changelist",
                "crm.view_loyaltyaccount",
            ),
            Item(pgettext_lazy("menu", "Rewards"), "redeem", "crm_reward_changelist", "crm.view_reward"),
            Item(
                pgettext_lazy("menu", "Levels"), "military_tech", "crm_loyaltytier_changelist", "crm.view_loyaltytier"
            ),
            Item(pgettext_lazy("menu", "Earning rules"), "rule", "crm_earnrule_changelist", "crm.view_earnrule"),
            Item(
                pgettext_lazy("menu", "Loyalty programme"),
                "tune",
                "crm_loyaltyprogramme_changelist",
                "crm.view_loyaltyprogramme",
            ),
        ],
    ),
    (
        MARKETING,
        [
            Item(
                pgettext_lazy("menu", "Campaigns"),
                "campaign",
                "marketing_campaign_changelist",
                "marketing.view_campaign",
            ),
            Item(pgettext_lazy("menu", "Offers"), "local_offer", "marketing_offer_changelist", "marketing.view_offer"),
            Item(
                pgettext_lazy("menu", "Audiences"),
                "contacts",
                "marketing_audience_changelist",
                "marketing.view_audience",
            ),
            Item(
                pgettext_lazy("menu", "Messages"),
                "forward_to_inbox",
                "marketing_recipient_changelist",
                "marketing.view_recipient",
            ),
            Item(
                pgettext_lazy("menu", "Suppressed addresses"),
                "unsubscribe",
                "marketing_suppression_changelist",
                "marketing.view_suppression",
            ),
        ],
    ),
    (ANALYTICS, [Item(_("Segments"), "groups", "analytics_segment_changelist", "analytics.view_segment")]),
    (
        INTELLIGENCE,
        [
            Item(_("Placements"), "view_carousel", "recommender_placement_changelist", "recommender.view_placement"),
            Item(_("Experiments"), "science", "core_experiment_changelist", "core.view_experiment"),
            Item(_("Models"), "model_training", "core_modelversion_changelist", "core.view_modelversion"),
        ],
    ),
    (
        _("Operations"),
        [
            Item(_("Alerts"), "notifications", "core_alert_changelist", "core.view_alert"),
            Item(_("Jobs"), "pending_actions", "core_job_changelist", "core.view_job"),
            Item(_("Events"), "ads_click", "catalog_deadevent_changelist", "catalog.view_deadevent"),
            Item(_("Mail"), "mail", "core_outgoingmail_changelist", allowed=sees_mail),
            Item(_("Webhook deliveries"), "outbox", "core_webhookdelivery_changelist", "core.view_webhookdelivery"),
            Item(_("My exports"), "download", "core_export_changelist", "core.export_data"),
            Item(_("Data requests"), "policy", "core_datarequest_changelist", "core.view_datarequest"),
            Item(_("Ledger"), "history_edu", "core_ledgerentry_changelist", "core.view_ledgerentry"),
        ],
    ),
    (
        _("Settings"),
        [
            Item(_("Shop profile"), "store", "core_shopprofile_changelist", "core.view_shopprofile"),
            Item(
                _("Message settings"),
                "outgoing_mail",
                "marketing_marketingsettings_changelist",
                "marketing.view_marketingsettings",
            ),
            Item(_("Staff"), "badge", "core_staffuser_changelist", "core.view_staffuser"),
            Item(_("Roles"), "shield_person", "core_staffrole_changelist", "core.view_staffrole"),
            Item(_("Alert rules"), "tune", "core_alertrule_changelist", "core.view_alertrule"),
            Item(_("API keys"), "key", "core_apikey_changelist", "core.view_apikey"),
            Item(_("Webhooks"), "webhook", "core_webhook_changelist", "core.view_webhook"),
        ],
    ),
]

PAGES = (
    (PHOTOS, "photos"),
    (SERVICE, "service"),
    (LOYALTY, "loyalty"),
    (MARKETING, "marketing"),
    (REVIEWS, "reviews"),
    (ANALYTICS, "analytics"),
    (INTELLIGENCE, "intelligence"),
)
"""Groups that begin with pages of apps, and the word by which these say where they belong. No dictionary: a title that
is translated when it is read has another hash in every language."""


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups and items in the form the theme reads. Asks no query of its own: rights are read once per request."""
    groups = []
    for title, items in GROUPS:
        for group, word in PAGES:
            if title is group:
                items = [*_pages_of_apps(word), *items]
        shown = [entry for item in items if (entry := _entry(request, item)) is not None]
        if shown:
            groups.append({"title": title, "items": shown})
    return groups


def _pages_of_apps(group: str) -> list[Item]:
    """Pages of one group that belong to no table, as their apps registered them."""
    return [
        Item(entry.meta["title"], entry.meta.get("icon", "tab"), entry.key, entry.meta.get("permission", ""))
        for entry in staff_pages
        if entry.meta.get("in_menu", True) and entry.meta.get("group", "intelligence") == group
    ]


def _entry(request: HttpRequest, item: Item) -> dict[str, Any] | None:
    if item.permission and not request.user.has_perm(item.permission):
        return None
    if item.allowed is not None and not item.allowed(request.user):
        return None
    try:
        link = reverse(f"admin:{item.page}")
    except NoReverseMatch:
        return None
    active = request.path == link if item.page == "index" else request.path.startswith(link)
    return {"title": item.title, "icon": item.icon, "link": link, "active": active}


def shop_name(request: HttpRequest) -> str:
    """What stands beside the mark."""
    return current_shop().name
