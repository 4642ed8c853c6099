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
REMEMBERED = 4
"""Steps that L-BFGS looks back on where the weights are millions: ten cost twice the time for the same end."""
MOST_SPANNED = 3_000
"""Rows up to which their span is cheaper than their features."""


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


def fit_softmax(
    rows: sp.csr_matrix, codes: NDArray[np.int64], classes: int, *, cost: float = 10.0,
    row_weights: Floats | None = None,
) -> Linear:  # fmt: skip
    """Multinomial logistic regression: `½ Σ w² − cost Σ c(row)·ln P(code)`, P the softmax of `rows @ w + bias`, by
    L-BFGS; `row_weights` c are 1 where none are given.

    With fewer rows than features the weights lie in the span of the rows (Kimeldorf & Wahba 1971), so what is searched
    are as many numbers per class as there are rows: 600 texts of 30,000 grams cost a second instead of minutes.
    """
    if rows.shape[0] > min(rows.shape[1], MOST_SPANNED):
        weights, bias = _softmax(rows, codes, classes, cost, row_weights)
        return Linear(weights.astype(np.float32), bias)
    kernel = np.asarray((rows @ rows.T).todense(), np.float64)
    spread, turn = np.linalg.eigh(kernel)
    kept = spread > spread[-1] * 1e-9 if len(spread) else spread > 0
    roots = np.sqrt(spread[kept])
    weights, bias = _softmax(turn[:, kept] * roots, codes, classes, cost, row_weights)
    return Linear(np.asarray(rows.T @ (turn[:, kept] / roots @ weights), np.float32), bias)


def _softmax(
    rows: sp.csr_matrix | Floats, codes: NDArray[np.int64], classes: int, cost: float, row_weights: Floats | None = None
) -> tuple[Floats, Floats]:
    size, features = rows.shape
    counts = np.ones(size) if row_weights is None else row_weights
    columns = sp.csr_matrix(rows.T) if sp.issparse(rows) else rows.T
    right = np.arange(size), codes

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights, bias = flat[: features * classes].reshape(features, classes), flat[features * classes :]
        logs = np.asarray(rows @ weights) + bias
        logs -= logs.max(axis=1, keepdims=True)
        logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
        slope = np.exp(logs)
        slope[right] -= 1.0
        slope *= counts[:, None]
        gradient = np.concatenate([(weights + cost * (columns @ slope)).ravel(), cost * slope.sum(axis=0)])
        return 0.5 * float((weights**2).sum()) - cost * float(counts @ logs[right]), gradient

    with threadpool_limits(1):
        found = minimize(loss, np.zeros((features + 1) * classes), jac=True, method="L-BFGS-B",
                         options={"maxiter": STEPS, "ftol": TOLERANCE, "gtol": 1e-3, "maxcor": REMEMBERED})  # fmt: skip
    return found.x[: features * classes].reshape(features, classes), found.x[features * classes :]


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
