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
