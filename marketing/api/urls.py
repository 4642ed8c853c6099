"""Addresses of consent below /api/v1/."""

from django.urls import path

from marketing.api import offers, views

urlpatterns = [
    path("me/consents", views.MyConsentsView.as_view(), name="my-consents"),
    path("me/offers", offers.MyOffersView.as_view(), name="my-offers"),
    path("customers/<str:customer_id>/consents", views.CustomerConsentsView.as_view(), name="customer-consents"),
]
