"""The Wilson interval of a share."""

from __future__ import annotations

Z = 1.959964


def wilson(share: float, n: float, z: float = Z) -> tuple[float, float]:
    """Return the interval (95 % by default) of a share among n, which may be an effective size; (0, 1) where n is 0.

    Wilson, JASA 1927.
    """
    if not n:
        return 0.0, 1.0
    square = z * z
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = z * ((share * (1 - share) + square / (4 * n)) / n) ** 0.5 / (1 + square / n)
    return round(max(0.0, centre - half), 6), round(min(1.0, centre + half), 6)
