"""Times as a row shows them."""

import statistics


def middle_and_slow(seconds):
    """Milliseconds: the middle, and what 95 of 100 do not exceed."""
    ordered = sorted(seconds)
    slow = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return round(statistics.median(ordered) * 1000, 2), round(slow * 1000, 2)


def spread(seconds, name):
    """Two columns."""
    middle, slow = middle_and_slow(seconds)
    return {f"{name}_p50_ms": middle, f"{name}_p95_ms": slow}
