"""Addresses of everything."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from django.views.static import serve

from catalog.views import picture
from core import health, views
from core.api.docs import DocsView, SchemaView
from core.api.errors import unknown_path
from core.metrics import page as metrics_page
from crm.views import inbound_mail, rate

urlpatterns = [
    # What storefronts ask all day comes first: addresses are tried in this order.
    path("api/v1/", include("recommender.api.urls")),
    path("api/v1/", include("catalog.api.urls")),
    path("", RedirectView.as_view(pattern_name="admin:index"), name="start"),
    path("admin/", admin.site.urls),
    path("i18n/language", views.set_language, name="set_language"),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics_page.metrics, name="metrics"),
    path("inbox/mail", inbound_mail, name="inbound_mail"),
    path("", include("marketing.urls")),
    path("inbox/rate/<str:token>", rate, name="rate_conversation"),
    path("pictures/<int:width>/<path:name>", picture, name="picture"),
    path("shop/", include("storefront.urls")),
    path("api/", DocsView.as_view(url_name="api-schema"), name="api-docs"),
    path("api/schema", SchemaView.as_view(), name="api-schema"),
    path("api/v1/", include("core.api.urls")),
    path("api/v1/", include("analytics.api.urls")),
    path("api/v1/", include("reviews.api.urls")),
    path("api/v1/", include("vision.api.urls")),
    path("api/v1/", include("crm.api.urls")),
    path("api/v1/", include("marketing.api.urls")),
    path("api/<path:rest>", unknown_path, name="api-unknown"),
]

if not settings.PRODUCTION:
    # Behind nginx, which serves uploads by itself, Django never sees these.
    urlpatterns.append(re_path(r"^media/(?P<path>.+)$", serve, {"document_root": settings.MEDIA_ROOT}, name="media"))

handler400 = views.bad_request
handler404 = views.page_not_found
handler500 = views.page_failed
