"""The product's addresses and one view that does nothing: the reference of the load benchmark."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.urls import handler400, handler404, handler500
from config.urls import urlpatterns as product

__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]
BODY = b'{"items":[],"next":null}'


def plain(request: HttpRequest) -> HttpResponse:
    """A constant JSON body behind the same middleware and server."""
    return HttpResponse(BODY, content_type="application/json")


urlpatterns = [path("api/v1/plain", plain), *product]
