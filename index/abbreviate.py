"""Compares short and cut words with whole ones: "dsplcd fx shaft r tibia" with a title.

A word stands for another when it is the same (1), its beginning (.9), or has some of its letters in
order from the first (.7); some short forms go by a table, and a few letters can be the initials of
several words. A line is as good as the share of the phrase it answers, plus half the share of its
own words that the phrase asks for.

Source: measured on the short titles of the official order file, which are cut in this way.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from chartcoder.index.words import canonical, read_table
from chartcoder.tabular.codes import fold
from chartcoder.tabular.home import resources

EQUAL, ALIKE, BEGINNING, INITIALS, MISSPELT, LETTERS = 1.0, 0.95, 0.9, 0.85, 0.75, 0.7
# What a line is worth at most: all of the phrase, and half for all of its own words.
BEST = 1.5
STOP = frozenset("of the and or to in by a an on at for from".split())

_WORD = re.compile(r"[a-z0-9]+")
_JOINED = re.compile(r"([a-z]{2,})(\d+)")
_WITHOUT = re.compile(r"\bw/o(?![a-z])")
_DUE_TO = re.compile(r"\bd/t\b")


class Phrase(NamedTuple):
    """A phrase read for comparison.

    Attributes:
        words: its words, lower case, in order.
        weights: how much each tells.
        seventh: the 7th character that it names outright ("7thK"), lower case; empty for none.
    """

    words: tuple[str, ...]
    weights: tuple[float, ...]
    seventh: str


class Fit(NamedTuple):
    """How words of a phrase and of a line answer each other.

    Attributes:
        said: for each word of the phrase, how well the line answers it.
        covered: summed weight of the line's words that the phrase asks for.
        total: summed weight of the line's words.
    """

    said: tuple[float, ...]
    covered: float
    total: float


@cache
def _short_forms() -> dict[str, frozenset[str]]:
    forms: dict[str, set[str]] = {}
    for row in read_table(resources() / "lexicon" / "title_words.tsv"):
        forms.setdefault(row["abbreviation"], set()).add(row["word"])
        forms.setdefault(row["word"], set()).add(row["abbreviation"])
    return {word: frozenset(others) for word, others in forms.items()}


def raw_words(text: str) -> list[str]:
    """The words of a text as they are written, lower case and without accents."""
    plain = text.lower() if text.isascii() else fold(text).lower()
    if "/" in plain:
        plain = _DUE_TO.sub("due to", _WITHOUT.sub("without", plain))
    if "'" in plain:
        plain = plain.replace("'s", "")
    return _WORD.findall(plain)


@lru_cache(maxsize=1 << 17)
def likeness(short: str, word: str) -> float:
    """How well one word of a phrase stands for one word of a line, 0 to 1."""
    if short == word:
        return EQUAL
    if word in _short_forms().get(short, ()):
        return EQUAL
    if canonical(short) == canonical(word):
        return ALIKE
    if short[0] != word[0]:
        return 0.0
    if len(short) < len(word):
        if word.startswith(short):
            return BEGINNING
        if len(short) > 1 and _in_order(short, word):
            return LETTERS
    elif len(short) - len(word) <= 2 and short.startswith(word) and len(word) > 3:
        return INITIALS
    return 0.0


def _in_order(short: str, word: str) -> bool:
    place = 0
    for letter in short:
        place = word.find(letter, place) + 1
        if not place:
            return False
    return True


class Vocabulary:
    """The numbered words of lines.

    Args:
        words: the words; the place of a word is its number.
        weights: how much each tells.
    """

    def __init__(self, words: Sequence[str], weights: Sequence[float]) -> None:
        self.words = words
        self.weights = weights
        self._numbers = {word: number for number, word in enumerate(words)}

    def __contains__(self, word: str) -> bool:
        return word in self._numbers

    def weight(self, word: str) -> float:
        """How much a word of a phrase tells; a word no line has, as much as a middling one."""
        number = self._numbers.get(word)
        return self.weights[number] if number is not None else _UNKNOWN

    def read(self, text: str) -> Phrase:
        """Reads a phrase; a 7th character that it names outright is taken out."""
        found = _SEVENTH.search(text)
        if found:
            text = f"{text[: found.start()]} {text[found.end() :]}"
        words: list[str] = []
        for word in raw_words(text):
            joined = _JOINED.fullmatch(word) if word not in self._numbers else None
            words += joined.groups() if joined else (word,)
        words = words[:_MOST_WORDS]
        return Phrase(
            tuple(words),
            tuple([self.weight(word) for word in words]),
            found[1].lower() if found else "",
        )


class Comparison:
    """Holds one phrase against many lines.

    Args:
        phrase: the phrase.
        vocabulary: the words of the lines.
    """

    def __init__(self, phrase: Phrase, vocabulary: Vocabulary) -> None:
        self.phrase = phrase
        self.asked = sum(phrase.weights)
        self._vocabulary = vocabulary
        self._places = list(enumerate(phrase.words))
        self._hits: dict[int, tuple[tuple[int, float], ...]] = {}
        self._letters = [
            place
            for place, word in self._places
            if 1 < len(word) <= 5 and word not in vocabulary and word.isalpha()
        ]

    def answers(self, number: int) -> tuple[tuple[int, float], ...]:
        """Which words of the phrase stand for a word of the lines, and how well."""
        hits = self._hits.get(number)
        if hits is None:
            word = self._vocabulary.words[number]
            hits = tuple([(p, s) for p, short in self._places if (s := likeness(short, word))])
            self._hits[number] = hits
        return hits

    def forgive(self, lines: Iterable[Sequence[int]]) -> None:
        """Lets words that none of these lines answers be misspelt ones of theirs."""
        from rapidfuzz.distance import OSA

        numbers = {number for line in lines for number in line}
        answered = {place for number in numbers for place, _ in self.answers(number)}
        for place, short in self._places:
            if place in answered or len(short) < 5:
                continue
            for number in sorted(numbers):
                word = self._vocabulary.words[number]
                if word[0] == short[0] and abs(len(word) - len(short)) <= 2:
                    share = OSA.normalized_similarity(short, word, score_cutoff=0.75)
                    if share:
                        self._hits[number] += ((place, MISSPELT * share),)

    def fit(self, line: Sequence[int]) -> Fit:
        """Holds a line, given by the numbers of its words, against the phrase."""
        said = [0.0] * len(self._places)
        covered = total = 0.0
        weights, known = self._vocabulary.weights, self._hits
        for number in line:
            weight = weights[number]
            total += weight
            hits = known.get(number)
            if hits is None:
                hits = self.answers(number)
            if hits:
                best = 0.0
                for place, share in hits:
                    if share > said[place]:
                        said[place] = share
                    if share > best:
                        best = share
                covered += weight * best
        open_places = [place for place in self._letters if not said[place]]
        if open_places:
            spelt = self._spelt(line)
            for place in open_places:
                gained = self._initials(self.phrase.words[place], spelt)
                if gained:
                    said[place] = INITIALS
                    covered += gained
        return Fit(tuple(said), covered, total)

    def fit_words(self, words: Sequence[str]) -> tuple[Fit, frozenset[str]]:
        """Holds a few words that are no line, each of little weight, against the phrase.

        Returns:
            How they answer each other, and which of the words the phrase asks for.
        """
        said = [0.0] * len(self._places)
        covered = total = 0.0
        answered = set()
        for word in words:
            weight = _LITTLE * (_STOP_SHARE if word in STOP else 1.0)
            total += weight
            best = 0.0
            for place, short in self._places:
                share = likeness(short, word)
                if share > said[place]:
                    said[place] = share
                if share > best:
                    best = share
            covered += weight * best
            if best:
                answered.add(word)
        return Fit(tuple(said), covered, total), frozenset(answered)

    def order(self, line: Sequence[int]) -> float:
        """The share of neighbouring words of the phrase that stand so in the line, 0 to 1."""
        places: list[list[int]] = [[] for _ in self._places]
        for position, number in enumerate(line):
            for place, _ in self.answers(number):
                places[place].append(position)
        pairs = list(pairwise(places))
        kept = sum(any(b - a in (1, 2) for a in first for b in then) for first, then in pairs)
        return kept / len(pairs) if pairs else 1.0

    def worth(self, fit: Fit) -> float:
        """What a line is worth for the phrase, 0 to 1."""
        if not self.asked or not fit.total:
            return 0.0
        answered = 0.0
        for weight, share in zip(self.phrase.weights, fit.said, strict=True):
            answered += weight * share
        return (answered / self.asked + 0.5 * fit.covered / fit.total) / BEST

    def _spelt(self, line: Sequence[int]) -> tuple[tuple[Sequence[int], str], ...]:
        """A line with the initials of its words, with and without the words that tell little."""
        words = self._vocabulary.words
        told = [n for n in line if words[n] not in STOP]
        return (
            (line, "".join([words[n][0] for n in line])),
            (told, "".join([words[n][0] for n in told])),
        )

    def _initials(self, short: str, spelt: tuple[tuple[Sequence[int], str], ...]) -> float:
        """The weight of the words whose initials a short form is: LOC, loss of consciousness."""
        weights = self._vocabulary.weights
        for told, initials in spelt:
            place = initials.find(short)
            if place >= 0:
                meant = told[place : place + len(short)]
                return sum(INITIALS * weights[n] for n in meant if not self._hits.get(n))
        return 0.0


_SEVENTH = re.compile(r"\b7th\s*([A-Z0-9])\b")
_MOST_WORDS = 60
_UNKNOWN = 0.6
_LITTLE = 0.15
_STOP_SHARE = 0.2
