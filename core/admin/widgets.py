"""Form parts that staff pages share."""

from typing import Any

from django import forms
from unfold.widgets import CHECKBOX_CLASSES, RADIO_CLASSES


class Checkboxes(forms.CheckboxSelectMultiple):
    """A list of boxes, all of them in sight; labels are as large as the box is easy to hit."""

    template_name = "core/widgets/choices.html"

    def __init__(self, attrs: dict[str, Any] | None = None, choices: Any = ()) -> None:
        super().__init__({"class": " ".join(CHECKBOX_CLASSES), **(attrs or {})}, choices)


class Radios(forms.RadioSelect):
    template_name = "core/widgets/choices.html"

    def __init__(self, attrs: dict[str, Any] | None = None, choices: Any = ()) -> None:
        super().__init__({"class": " ".join(RADIO_CLASSES), **(attrs or {})}, choices)


class Slider(forms.NumberInput):
    """A share from 0 to `most`, dragged or moved by arrow keys, with its percentage beside it; `ends` say what the
    lowest and the highest mean. A step of a hundredth, so that what was saved is not moved by looking at it."""

    input_type = "range"
    template_name = "core/widgets/slider.html"

    def __init__(
        self, attrs: dict[str, Any] | None = None, *, most: float = 1.0, ends: tuple[Any, Any] = ("", "")
    ) -> None:
        super().__init__({"min": "0", "max": str(most), "step": "0.01", **(attrs or {})})
        self.ends = ends

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        try:
            share = float(value or 0)
        except (TypeError, ValueError):
            share = 0.0
        context["widget"] |= {"percent": f"{share * 100:.0f}%", "ends": self.ends}
        return context
