"""Addresses of the recommender below /api/v1/."""

from django.urls import path

from recommender.api.me_views import MyPreferencesView, MyProfileResetView, WhyView
from recommender.api.views import BoughtTogetherView, RecommendationsView, SimilarProductsView

urlpatterns = [
    path("recommendations", RecommendationsView.as_view(), name="recommendations"),
    path("me/preferences", MyPreferencesView.as_view(), name="my-preferences"),
    path("me/preferences/reset", MyProfileResetView.as_view(), name="my-profile-reset"),
    path("products/<str:product_id>/similar", SimilarProductsView.as_view(), name="product-similar"),
    path("products/<str:product_id>/bought-together", BoughtTogetherView.as_view(), name="product-bought-together"),
    path("products/<str:product_id>/why", WhyView.as_view(), name="product-why"),
]
