"""Addresses of consent and campaigns below /api/v1/."""

from django.urls import path

from marketing.api import campaigns, offers, views

urlpatterns = [
    path("staff/campaigns", campaigns.CampaignListView.as_view(), name="staff-campaigns"),
    path("staff/campaigns/<str:campaign_id>", campaigns.CampaignView.as_view(), name="staff-campaign"),
    path("staff/campaigns/<str:campaign_id>/acts", campaigns.CampaignActsView.as_view(), name="staff-campaign-acts"),
    path("me/consents", views.MyConsentsView.as_view(), name="my-consents"),
    path("me/offers", offers.MyOffersView.as_view(), name="my-offers"),
    path("me/offers/<str:offer_id>/acts", offers.MyOfferActsView.as_view(), name="my-offer-acts"),
    path("customers/<str:customer_id>/consents", views.CustomerConsentsView.as_view(), name="customer-consents"),
]
