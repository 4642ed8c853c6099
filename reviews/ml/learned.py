"""What the engines have in common once they have learned: they answer as the scorer that the registry keeps."""

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from reviews.ml.serving import Floats, TextScorer


class KeptScorer(TextScorer, Protocol):
    """A scorer that can be written down."""

    def to_arrays(self) -> dict[str, NDArray[Any]]: ...

    def to_meta(self) -> dict[str, Any]: ...


Scorer = TypeVar("Scorer", bound=KeptScorer)


class Learned(Generic[Scorer]):
    """`scorer` after fit is what the registry keeps; before, every answer raises ValueError."""

    scorer: Scorer | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Sorted, unless the scorer says otherwise."""
        return self._fitted.classes

    def probabilities(self, texts: Sequence[str]) -> Floats:
        return self._fitted.probabilities(texts)

    def chosen(self, probabilities: Floats) -> NDArray[np.int64]:
        return self._fitted.chosen(probabilities)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return self._fitted.to_arrays()

    def to_meta(self) -> dict[str, Any]:
        return self._fitted.to_meta()

    @property
    def _fitted(self) -> Scorer:
        if self.scorer is None:
            raise ValueError("The engine has not learned yet.")
        return self.scorer
