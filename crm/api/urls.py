"""Addresses of points and conversations below /api/v1/."""

from django.urls import path

from crm.api import conversation_views as chat
from crm.api import portrait, views

urlpatterns = [
    path("staff/customers/<str:customer_id>/portrait", portrait.PortraitView.as_view(), name="staff-portrait"),
    path("me/loyalty", views.MyLoyaltyView.as_view(), name="my-loyalty"),
    path("me/loyalty/history", views.MyMovementsView.as_view(), name="my-loyalty-history"),
    path("me/loyalty/redemptions", views.MyRedemptionsView.as_view(), name="my-loyalty-redemptions"),
    path("loyalty/codes/<str:code>", views.CodeView.as_view(), name="loyalty-code"),
    path("loyalty/codes/<str:code>/use", views.UseCodeView.as_view(), name="loyalty-code-use"),
    path("loyalty/codes/<str:code>/void", views.VoidCodeView.as_view(), name="loyalty-code-void"),
    path("conversations", chat.ConversationsView.as_view(), name="conversations"),
    path("conversations/<str:conversation_id>", chat.ConversationView.as_view(), name="conversation"),
    path(
        "conversations/<str:conversation_id>/messages", chat.ConversationMessagesView.as_view(),
        name="conversation-messages",
    ),
    path(
        "conversations/<str:conversation_id>/handover", chat.ConversationHandoverView.as_view(),
        name="conversation-handover",
    ),
    path(
        "conversations/<str:conversation_id>/satisfaction", chat.ConversationSatisfactionView.as_view(),
        name="conversation-satisfaction",
    ),
]  # fmt: skip
