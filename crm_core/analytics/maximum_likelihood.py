"""Maximum likelihood for models of a few positive parameters: estimates, and how sure they are.

The search runs on the logarithms of the parameters, so that each stays positive and none depends on its unit. It starts
with SciPy's L-BFGS-B and ends with Newton's steps on the gradient, which take the estimate to the last digits whatever
path led there. Everything runs on one thread in the order given: the same data gives the same answer anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from crm_core.errors import AnalysisRefused

Floats: TypeAlias = NDArray[np.float64]
Score: TypeAlias = Callable[[Floats], tuple[float, Floats]]
"""Log-likelihood of parameters, shape (k,), and its gradient in them, shape (k,)."""

WIDEST = float(np.log(1e6))
"""A parameter is looked for within a millionth and a million times its start."""
FLAT = 1e-6
"""The greatest slope, per observation and per logarithm of a parameter, that counts as the top."""
LEAST_INFORMATION = 0.01
"""A direction in which the likelihood is flatter is not determined: its interval would span a factor of e^40."""
LEAST_PART = 0.01
"""A parameter takes part in a direction by the square of its cosine."""
Z95 = 1.959963984540054
"""The normal distribution leaves 2.5 % above so many standard deviations."""

_STEP = 1e-4
_NEWTON_STEPS = 20


@dataclass(frozen=True)
class Estimate:
    """Parameters of greatest likelihood.

    covariance: of the parameters' logarithms, from the inverse of the observed information, shape (k, k), without the
        directions in which the likelihood is flat: what does not change it changes no forecast of these data either.
    is_determined: whether the data determine each parameter; not one that ran to the edge of what was searched, or that
        takes part in a flat direction.
    """

    values: tuple[float, ...]
    log_likelihood: float
    covariance: tuple[tuple[float, ...], ...]
    is_determined: tuple[bool, ...]

    def intervals(self) -> tuple[tuple[float, float] | None, ...]:
        """The 95 % interval of each parameter (Wald's, of its logarithm); None for one the data do not determine."""
        spread = [Z95 * row[i] ** 0.5 for i, row in enumerate(self.covariance)]
        return tuple(
            (value * float(np.exp(-width)), value * float(np.exp(width))) if is_determined else None
            for value, width, is_determined in zip(self.values, spread, self.is_determined, strict=True)
        )


def maximised(score: Score, starts: Sequence[Sequence[float]], n: int, *, model: str) -> Estimate:
    """The parameters of greatest likelihood of `n` observations: the top the first start leads to, or the highest of
    those all starts lead to if it leads to none, or to one that leaves something undetermined.

    Args:
        model: what is fitted, for the message if it cannot be.

    Raises:
        AnalysisRefused: from no start does the search end at a top.
    """
    found: list[Estimate] = []
    with threadpool_limits(1):
        for start in starts:
            top = _climbed(score, np.log(np.array(start, dtype=np.float64)), n)
            if top is not None:
                found.append(top)
                if all(top.is_determined):
                    return top
    if not found:
        raise AnalysisRefused("The fit of {model} did not converge; these data do not determine it.", model=model)
    return max(found, key=lambda top: top.log_likelihood)


def _climbed(score: Score, start: Floats, n: int) -> Estimate | None:
    """The top reached from the start, in logarithms; None if there is none."""
    from scipy.optimize import minimize

    def loss(logs: Floats) -> tuple[float, Floats]:
        values = np.exp(logs)
        height, slope = score(values)
        return -height / n, -slope * values / n

    lowest, highest = start - WIDEST, start + WIDEST
    with np.errstate(over="ignore", invalid="ignore"):
        search = minimize(
            loss, start, jac=True, method="L-BFGS-B", bounds=list(zip(lowest, highest, strict=True)),
            options={"maxiter": 1000, "ftol": 1e-13, "gtol": 1e-9},
        )  # fmt: skip
    logs: Floats = np.asarray(search.x, dtype=np.float64)
    at_edge = np.isclose(logs, lowest, atol=1e-6) | np.isclose(logs, highest, atol=1e-6)
    free = np.flatnonzero(~at_edge)
    logs = _polished(loss, logs, free, n)
    _height, slope = loss(logs)
    if not np.isfinite(slope).all() or np.abs(slope[free]).max(initial=0.0) > FLAT:
        return None
    inverse = _inverse(_curvature(loss, logs, free) * n)
    if inverse is None:
        return None
    covariance, is_determined = np.zeros((len(logs), len(logs))), ~at_edge
    covariance[np.ix_(free, free)], is_determined[free] = inverse
    values = np.exp(logs)
    return Estimate(
        values=tuple(values.tolist()),
        log_likelihood=float(score(values)[0]),
        covariance=tuple(tuple(row) for row in covariance.tolist()),
        is_determined=tuple(is_determined.tolist()),
    )


def _polished(loss: Score, logs: Floats, free: NDArray[np.intp], n: int) -> Floats:
    """Newton's steps on the free parameters, as long as the slope keeps falling."""
    slope = loss(logs)[1][free]
    for _ in range(_NEWTON_STEPS):
        inverse = _inverse(_curvature(loss, logs, free) * n)
        if inverse is None:
            break
        moved = logs.copy()
        moved[free] -= (inverse[0] * (slope * n)).sum(axis=1)
        after = loss(moved)[1][free]
        if not np.isfinite(after).all() or np.abs(after).max(initial=0.0) >= np.abs(slope).max(initial=0.0):
            break
        logs, slope = moved, after
    return logs


def _curvature(loss: Score, logs: Floats, free: NDArray[np.intp]) -> Floats:
    """Second derivatives in the free parameters, by central differences of the exact gradient."""
    rows = []
    for i in free:
        step = np.zeros_like(logs)
        step[i] = _STEP
        rows.append((loss(logs + step)[1][free] - loss(logs - step)[1][free]) / (2 * _STEP))
    matrix = np.array(rows).reshape(len(free), len(free))
    symmetric: Floats = (matrix + matrix.T) / 2
    return symmetric


def _inverse(information: Floats) -> tuple[Floats, NDArray[np.bool_]] | None:
    """The inverse over the directions that are not flat, and which parameters take no part in a flat one; None where
    the likelihood rises in some direction: a saddle."""
    if not np.isfinite(information).all():
        return None
    sizes, directions = np.linalg.eigh(information)
    if sizes.min(initial=0.0) <= -LEAST_INFORMATION:
        return None
    is_flat = sizes < LEAST_INFORMATION
    kept = directions[:, ~is_flat]
    is_determined = (directions[:, is_flat] ** 2).sum(axis=1) < LEAST_PART
    return np.einsum("ik,k,jk->ij", kept, 1 / sizes[~is_flat], kept), is_determined
