"""Linear models of sparse rows with numpy and scipy: yes/no questions learned at once, and their calibration."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from reviews.ml.serving import sigmoid

Floats = NDArray[np.float64]
STEPS = 200
TOLERANCE = 1e-7


@dataclass(frozen=True)
class Linear:
    """`rows @ weights + bias`: weights float32 [features × questions], bias float64 [questions]."""

    weights: NDArray[np.float32]
    bias: Floats

    def margins(self, rows: sp.csr_matrix) -> Floats:
        """[rows × questions]; above 0 says yes."""
        return np.asarray(rows @ self.weights, np.float64) + self.bias


def count_ratios(rows: sp.csr_matrix, yes: NDArray[np.bool_]) -> NDArray[np.float32]:
    """`|ln(p/q)|` of each feature and question [features × questions]: p the share of a feature among the features of
    the rows that say yes, q among the others, both with one added. After Wang & Manning (2012), NB-SVM."""
    there = sp.csr_matrix((np.ones(rows.nnz, np.float32), rows.indices, rows.indptr), shape=rows.shape)
    columns = there.T.tocsr()
    found = 1.0 + np.asarray(columns @ yes.astype(np.float32), np.float64)
    others = 1.0 + np.asarray(columns @ (~yes).astype(np.float32), np.float64)
    return np.abs(np.log((found / found.sum(axis=0)) / (others / others.sum(axis=0)))).astype(np.float32)


def fit(
    rows: sp.csr_matrix,
    yes: NDArray[np.bool_],
    *,
    cost: float = 0.5,
    trust: NDArray[np.float32] | None = None,
    row_weights: Floats | None = None,
    steps: int = STEPS,
) -> Linear:
    """Squared hinge: `½ Σ v² + cost Σ c(row)·max(0, 1 − y·(x·(t∘v) + b))²`, by L-BFGS (Liu & Nocedal 1989).

    `yes` is [rows × questions]. `trust` t [features × questions] says how cheaply a feature may speak: the weights are
    t∘v, so a feature of trust 2 is shrunk a quarter as much as one of trust 1. `row_weights` c [rows].
    """
    columns = sp.csr_matrix(rows.T)
    signs = np.where(yes, 1.0, -1.0).astype(np.float32)
    features, questions = rows.shape[1], signs.shape[1]
    scale = np.ones((features, questions), np.float32) if trust is None else trust
    costs = np.full((rows.shape[0], 1), cost, np.float32)
    if row_weights is not None:
        costs *= row_weights.astype(np.float32)[:, None]

    def loss(flat: Floats) -> tuple[float, Floats]:
        free = flat[: features * questions].reshape(features, questions)
        bias = flat[features * questions :]
        weights = free.astype(np.float32) * scale
        short = np.maximum(0.0, 1.0 - signs * (rows @ weights + bias.astype(np.float32)))
        slope = -2.0 * costs * signs * short
        value = 0.5 * float((free**2).sum()) + float((costs * short.astype(np.float64) ** 2).sum())
        gradient = np.empty_like(flat)
        gradient[: features * questions] = (free + scale * (columns @ slope)).ravel()
        gradient[features * questions :] = slope.sum(axis=0, dtype=np.float64)
        return value, gradient

    start = np.zeros((features + 1) * questions)
    # Vectors this long keep every core busy waiting for the others, for nothing.
    with threadpool_limits(1):
        found = minimize(
            loss, start, jac=True, method="L-BFGS-B", options={"maxiter": steps, "ftol": TOLERANCE, "gtol": 1e-3}
        )
    weights = found.x[: features * questions].reshape(features, questions).astype(np.float32) * scale
    return Linear(weights, found.x[features * questions :])


def fit_sigmoid(margins: Floats, yes: NDArray[np.bool_]) -> tuple[float, float]:
    """a, b of `P = 1 / (1 + e^−(a·margin + b))`: Platt (1999) with the smoothed targets of Lin, Lin & Weng (2007).

    a is never below 0: a margin that misleads is told by a flat curve.
    """
    positives = int(yes.sum())
    negatives = len(yes) - positives
    targets = np.where(yes, (positives + 1.0) / (positives + 2.0), 1.0 / (negatives + 2.0))

    def loss(point: Floats) -> tuple[float, Floats]:
        logits = point[0] * margins + point[1]
        value = float(np.logaddexp(0.0, logits).sum() - (targets * logits).sum())
        slope = sigmoid(logits) - targets
        return value, np.array([(slope * margins).sum(), slope.sum()])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0.0, None), (None, None)])
    return float(found.x[0]), float(found.x[1])
