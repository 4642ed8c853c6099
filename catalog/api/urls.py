"""Addresses of the shop's facts below /api/v1/."""

from django.urls import path

from catalog.api import me_views, people_views, picture_views, search_views, views

urlpatterns = [
    path("products", views.ProductListView.as_view(), name="products"),
    path("products/<str:product_id>", views.ProductView.as_view(), name="product"),
    path("products/<str:product_id>/images", picture_views.ProductImagesView.as_view(), name="product-images"),
    path(
        "products/<str:product_id>/images/<str:image_id>",
        picture_views.ProductImageView.as_view(),
        name="product-image",
    ),
    path("categories", views.CategoryTreeView.as_view(), name="categories"),
    path("search", search_views.SearchView.as_view(), name="search"),
    path("search/suggestions", search_views.SuggestionsView.as_view(), name="search-suggestions"),
    path("stock", views.StockView.as_view(), name="stock"),
    path("events", views.EventsView.as_view(), name="events"),
    path("visitors", views.VisitorsView.as_view(), name="visitors"),
    path("customers/<str:customer_id>", people_views.CustomerView.as_view(), name="customer"),
    path("customers/<str:customer_id>/tokens", people_views.CustomerTokenView.as_view(), name="customer-tokens"),
    path("me", me_views.MeView.as_view(), name="me"),
    path("me/orders", me_views.MyOrdersView.as_view(), name="my-orders"),
    path("me/export", me_views.MyCopyView.as_view(), name="my-copy"),
    path("me/export/file", me_views.MyCopyFileView.as_view(), name="my-copy-file"),
    path("orders", people_views.OrdersView.as_view(), name="orders"),
    path("orders/<str:number>", people_views.OrderView.as_view(), name="order"),
    path("orders/<str:number>/events", people_views.OrderEventsView.as_view(), name="order-events"),
]
