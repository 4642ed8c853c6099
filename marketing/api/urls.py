"""Addresses of consent and campaigns below /api/v1/."""

from django.urls import path

from marketing.api import campaigns, offers, stock, views

urlpatterns = [
    path("staff/campaigns", campaigns.CampaignListView.as_view(), name="staff-campaigns"),
    path("staff/campaigns/<str:campaign_id>", campaigns.CampaignView.as_view(), name="staff-campaign"),
    path("staff/campaigns/<str:campaign_id>/acts", campaigns.CampaignActsView.as_view(), name="staff-campaign-acts"),
    path("me/consents", views.MyConsentsView.as_view(), name="my-consents"),
    path("me/offers", offers.MyOffersView.as_view(), name="my-offers"),
    path("me/offers/<str:offer_id>/acts", offers.MyOfferActsView.as_view(), name="my-offer-acts"),
    path("stock-requests", stock.StockRequestsView.as_view(), name="stock-requests"),
    path("me/stock-requests", stock.MyStockRequestsView.as_view(), name="my-stock-requests"),
    path("me/stock-requests/<str:sku>", stock.MyStockRequestView.as_view(), name="my-stock-request"),
    path("customers/<str:customer_id>/consents", views.CustomerConsentsView.as_view(), name="customer-consents"),
]
