"""METEOR between two descriptions, with the stages this package can do by itself.

Stages: words alike, then words alike in the canonical form of the Index (singular, American
spelling, the book's noun for an adjective). The Porter stemmer and WordNet's synonyms of the full
measure are not used, so values are comparable only with those of the same stages.

Source: Banerjee and Lavie 2005; Lavie and Agarwal 2007 (alpha 0.9, beta 3, gamma 0.5).
"""

from itertools import pairwise

from chartcoder.index.words import canonical, split

STAGES = "exact words, then canonical forms of the Index; no Porter stems, no WordNet synonyms"
_ALPHA, _BETA, _GAMMA = 0.9, 3.0, 0.5


def meteor(reference: str, answer: str) -> float:
    """The METEOR of an answer against a reference, 0 to 1.

    Args:
        reference: the right description.
        answer: the description to compare.
    """
    wanted, given = split(reference), split(answer)
    pairs = _aligned(wanted, given)
    if not pairs:
        return 0.0
    precision, recall = len(pairs) / len(given), len(pairs) / len(wanted)
    mean = precision * recall / (_ALPHA * precision + (1 - _ALPHA) * recall)
    chunks = 1 + sum(later != (first[0] + 1, first[1] + 1) for first, later in pairwise(pairs))
    return float(mean * (1 - _GAMMA * (chunks / len(pairs)) ** _BETA))


def _aligned(wanted: list[str], given: list[str]) -> list[tuple[int, int]]:
    """Pairs of places in the answer and the reference, each place once, by place in the answer."""
    pairs: dict[int, int] = {}
    free = set(range(len(wanted)))
    for form in (str, canonical):
        for place in reversed(range(len(given))):
            if place in pairs:
                continue
            alike = (i for i in sorted(free, reverse=True) if form(wanted[i]) == form(given[place]))
            other = next(alike, None)
            if other is not None:
                pairs[place] = other
                free.discard(other)
    return sorted(pairs.items())
