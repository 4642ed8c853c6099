"""Parameters and bodies, validated."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers


class QuerySerializer(serializers.Serializer):
    """Parameters behind the question mark. One that is not on the list is refused, so that slips are noticed."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown:
            message = _("There is no such parameter here.")
            raise serializers.ValidationError({name[:60]: [message] for name in unknown}, code="unknown_parameter")
        return attrs


class LanguageQuerySerializer(QuerySerializer):
    lang = serializers.CharField(required=False)


def checked(serializer: type[serializers.Serializer], data: Any) -> dict[str, Any]:
    """What was sent, validated."""
    form = serializer(data=data)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)
