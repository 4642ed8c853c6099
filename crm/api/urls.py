"""Addresses of points below /api/v1/."""

from django.urls import path

from crm.api import views

urlpatterns = [
    path("me/loyalty", views.MyLoyaltyView.as_view(), name="my-loyalty"),
    path("me/loyalty/history", views.MyMovementsView.as_view(), name="my-loyalty-history"),
    path("me/loyalty/redemptions", views.MyRedemptionsView.as_view(), name="my-loyalty-redemptions"),
    path("loyalty/codes/<str:code>", views.CodeView.as_view(), name="loyalty-code"),
    path("loyalty/codes/<str:code>/use", views.UseCodeView.as_view(), name="loyalty-code-use"),
    path("loyalty/codes/<str:code>/void", views.VoidCodeView.as_view(), name="loyalty-code-void"),
]
