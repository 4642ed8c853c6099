"""The description of the API, and the page that shows it."""

import threading
from typing import Any

from django.utils import translation
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

_made: dict[str, Any] = {}
_guard = threading.Lock()


class SchemaView(SpectacularAPIView):
    """OpenAPI 3. Making it takes a second of work, so each process makes it once for each language."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        language = translation.get_language() or "en"
        with _guard:
            if language not in _made:
                _made[language] = self.generator_class().get_schema(request=request, public=True)
        suffix = self.perform_content_negotiation(request, force=True)[0].format
        return Response(_made[language], headers={"Content-Disposition": f'inline; filename="zhanggui.{suffix}"'})


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI from files of this installation. Its script comes from an address of its own, as the policy asks."""

    template_name = "api/docs.html"
