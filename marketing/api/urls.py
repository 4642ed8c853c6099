"""Addresses of consent below /api/v1/."""

from django.urls import path

from marketing.api import views

urlpatterns = [
    path("me/consents", views.MyConsentsView.as_view(), name="my-consents"),
    path("customers/<str:customer_id>/consents", views.CustomerConsentsView.as_view(), name="customer-consents"),
]
