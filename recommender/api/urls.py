"""Addresses of the recommender below /api/v1/."""

from django.urls import path

from recommender.api.views import BoughtTogetherView, RecommendationsView, SimilarProductsView

urlpatterns = [
    path("recommendations", RecommendationsView.as_view(), name="recommendations"),
    path("products/<str:product_id>/similar", SimilarProductsView.as_view(), name="product-similar"),
    path("products/<str:product_id>/bought-together", BoughtTogetherView.as_view(), name="product-bought-together"),
]
