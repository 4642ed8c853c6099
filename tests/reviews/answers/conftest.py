import pytest

from core import model_registry
from reviews.answers import library


@pytest.fixture(autouse=True)
def own_models(settings, tmp_path):
    """Models lie in a folder of their own; what a process knows belongs to one test."""
    settings.MODEL_ROOT = tmp_path / "models"
    model_registry.forget_loaded()
    library.forget()
    yield
    model_registry.forget_loaded()
    library.forget()
