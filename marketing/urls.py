"""Addresses that stand in messages, and the door for reports of delivery services."""

from django.urls import path

from marketing import views, webhooks

urlpatterns = [
    path("t/<str:token>", views.click, name="tracked-click"),
    path("unsubscribe/<str:token>", views.unsubscribe, name="unsubscribe"),
    path("preferences/<str:token>", views.preferences, name="preferences"),
    path("consent/<str:token>", views.confirm, name="consent-confirm"),
    path("told-of-stock/<str:token>", views.stock_request, name="stock-request"),
    path("messages/events", webhooks.message_events, name="message-events"),
    path("messages/events/<slug:service>", webhooks.service_events, name="service-events"),
]
