"""The lines of the Tabular List that are like a phrase in their letters, with their 7th characters.

A 7th character stands on no line of its own: its meaning is held against the phrase together with
the line that takes it.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from chartcoder.index.abbreviate import BEST, Comparison, Fit, Phrase, Vocabulary, raw_words
from chartcoder.index.lines import Lines
from chartcoder.tabular.codes import with_seventh

_NEAREST = 50
_EXTENDED = 10
_FORGIVEN = 12
_UNNAMED = 0.2
_ORDER = 0.03
_UNSPOKEN = 0.25
_EXTENSION = 0.1


class Scored(NamedTuple):
    """A line, or a line with a 7th character, as it answers a phrase."""

    score: float
    code: str
    line: int


class _Extension(NamedTuple):
    """A 7th character's meaning as it answers a phrase."""

    character: str
    share: float
    gains: tuple[tuple[int, float, float], ...]
    answered: frozenset[str]


class Read:
    """A phrase that is looked for, with what was found out about lines on the way."""

    def __init__(self, phrase: Phrase, vocabulary: Vocabulary, lines: Lines) -> None:
        self.comparison = Comparison(phrase, vocabulary)
        self.phrase = phrase
        self._lines = lines
        self._fits: dict[int, Fit] = {}
        self._worths: dict[int, float] = {}
        self._extensions: dict[tuple[tuple[str, str], ...], list[_Extension]] = {}

    def fit(self, number: int) -> Fit:
        """How a line answers the phrase."""
        known = self._fits.get(number)
        if known is None:
            known = self._fits[number] = self.comparison.fit(self._lines.line(number))
        return known

    def worth(self, number: int) -> float:
        """What a line is worth for the phrase."""
        known = self._worths.get(number)
        if known is None:
            known = self._worths[number] = self.comparison.worth(self.fit(number))
        return known

    def weigh_order(self, numbers: Sequence[int]) -> None:
        """Lets the order of the words tell between the best lines, alike but for it.

        Args:
            numbers: all lines that are compared, the best first.
        """
        for place, number in enumerate(numbers):
            kept = self.comparison.order(self._lines.line(number)) if place < _EXTENDED else 0.0
            self._worths[number] = self.worth(number) * (1 - _ORDER) + _ORDER * kept

    def extensions(self, pairs: tuple[tuple[str, str], ...]) -> list[_Extension]:
        """How the meanings of 7th characters answer the phrase."""
        known = self._extensions.get(pairs)
        if known is None:
            known = self._extensions[pairs] = [self._extension(*pair) for pair in pairs]
        return known

    def answered(self, pairs: tuple[tuple[str, str], ...]) -> bool:
        """Whether the phrase asks for any word of these meanings."""
        return any(extension.answered for extension in self.extensions(pairs))

    def _extension(self, character: str, meaning: str) -> _Extension:
        fit, answered = self.comparison.fit_words(_words_of(meaning))
        share = fit.covered / fit.total if fit.total else 0.0
        gains = tuple(
            (place, weight, more)
            for place, (weight, more) in enumerate(zip(self.phrase.weights, fit.said, strict=True))
            if more
        )
        return _Extension(character, share, gains, answered)


@lru_cache(maxsize=1024)
def _words_of(meaning: str) -> tuple[str, ...]:
    return tuple(raw_words(meaning))


class Letters:
    """Finds lines by their letters.

    Args:
        lines: the opened lines of a release.
    """

    def __init__(self, lines: Lines) -> None:
        self.lines = lines

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self.lines.vocabulary, self.lines.weights)

    def best(self, text: str) -> tuple[float, str] | None:
        """The line most like a phrase: its worth, and its code; None for none."""
        found = self.ranked(self.read(text), text, headers=False)
        return (found[0].score, found[0].code) if found else None

    def read(self, text: str) -> Read:
        """A phrase as it is looked for."""
        return Read(self._vocabulary.read(text), self._vocabulary, self.lines)

    def ranked(self, asked: Read, text: str, headers: bool) -> list[Scored]:
        """The lines most like the phrase in their letters."""
        if not asked.phrase.words:
            return []
        lines, flags = self.lines, self.lines.flags
        numbers = [n for n in lines.nearest(text, _NEAREST) if headers or not flags[n] & 2]
        asked.comparison.forgive([lines.line(n) for n in numbers[:_FORGIVEN]])
        ranked = sorted([(asked.worth(n), -n) for n in numbers], reverse=True)
        asked.weigh_order([-n for _, n in ranked])
        ranked = sorted([(asked.worth(n), -n) for n in numbers], reverse=True)
        scored: list[Scored] = []
        for place, (value, negative) in enumerate(ranked):
            number = -negative
            if lines.seventh[number] < 0 or flags[number] & 2:
                penalty = 0.5 * _UNNAMED if asked.phrase.seventh else 0.0
                scored.append(Scored(value - penalty, lines.codes[number], number))
            else:
                scored += self.extended(asked, number, place < _EXTENDED)
        scored.sort(key=lambda s: (-s.score, s.line, s.code))
        return scored

    def extended(self, asked: Read, number: int, fully: bool) -> list[Scored]:
        """A line with each 7th character it takes; only the likeliest one where not ``fully``."""
        pairs = self.lines.sevenths[self.lines.seventh[number]]
        base, said, phrase = self.lines.codes[number], asked.fit(number).said, asked.phrase
        total_asked = asked.comparison.asked or 1.0
        default = default_character(pairs)
        plain = asked.worth(number)
        own = self.lines.words_of(number) if asked.answered(pairs) else frozenset()
        found: list[tuple[float, str]] = []
        spoken = False
        for character, share, gains, answered in asked.extensions(pairs):
            gained = 0.0
            for place, weight, more in gains:
                if more > said[place]:
                    gained += weight * (more - said[place])
            spoken = spoken or not answered <= own
            if phrase.seventh:
                named = phrase.seventh == character.lower()
                value = plain + gained / total_asked / BEST - (0.0 if named else _UNNAMED)
            else:
                value = plain + (gained / total_asked - _EXTENSION * (1.0 - share)) / BEST
            found.append((value, character))
        if not spoken and not phrase.seventh:
            # Nothing is said of the encounter: the 7th character that says least comes first.
            found = [(plain - (0.0 if c == default else _UNSPOKEN), c) for _, c in found]
        found.sort(key=lambda pair: (-pair[0], pair[1] != default, pair[1]))
        return [
            Scored(value, with_seventh(base, character), number)
            for value, character in (found if fully else found[:1])
        ]


@lru_cache(maxsize=1024)
def default_character(pairs: tuple[tuple[str, str], ...]) -> str:
    """The 7th character that says least: initial encounter, not applicable, unspecified."""
    for character, meaning in pairs:
        if "unspecified" in meaning:
            return character
    return pairs[0][0]
