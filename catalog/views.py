"""Pictures of products in the size a page shows them in."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from catalog.thumbnails import picture_bytes

KEEP_SECONDS = 30 * 24 * 3600


@require_safe
def picture(request: HttpRequest, width: int, name: str) -> HttpResponse:
    """Open to everybody, as the stored pictures are."""
    content = picture_bytes(name, width)
    if content is None:
        raise Http404
    response = HttpResponse(content, content_type="image/webp")
    response["Cache-Control"] = f"public, max-age={KEEP_SECONDS}"
    response["Access-Control-Allow-Origin"] = "*"
    return response
