"""ICD-10-CM codes as strings: with and without the dot, with the placeholder, as a range.

Source: ICD-10-CM Official Guidelines, I.A.2 to I.A.5.
"""

import re
import unicodedata

# Since 2026 the second character can be a letter (QA0).
CODE_PATTERN = re.compile(r"[A-Z](?:[0-9][0-9A-Z]|[A-Z][0-9])(?:\.?[0-9A-Z]{1,4})?")


def undotted(code: str) -> str:
    """Gives the code without its dot: ``M17.11`` becomes ``M1711``."""
    return code.replace(".", "")


def dotted(code: str) -> str:
    """Gives the code with its dot after the third character: ``M1711`` becomes ``M17.11``."""
    bare = code.replace(".", "")
    return bare if len(bare) <= 3 else f"{bare[:3]}.{bare[3:]}"


def normalise(text: str) -> str:
    """Brings what a person typed into the form the Tabular List uses.

    Takes lower case, inner and outer spaces, a missing dot and trailing dashes:
    ``" m1711- "`` becomes ``M17.11``. It does not say whether such a code exists.
    """
    bare = re.sub(r"[\s.\-–]+", "", text).upper()
    return dotted(bare)


def is_code_shaped(text: str) -> bool:
    """Says whether the text has the form of an ICD-10-CM code, complete or not."""
    return CODE_PATTERN.fullmatch(text) is not None


def with_seventh(base: str, character: str) -> str:
    """Adds a 7th character, padding with the placeholder X to six characters (I.A.4, I.A.5).

    ``with_seventh("W08", "A")`` is ``W08.XXXA``.
    """
    return dotted(undotted(base).ljust(6, "X") + character)


def category(code: str) -> str:
    """The three-character category of a code: ``M17`` for ``M17.11``."""
    return code[:3]


def fold(text: str) -> str:
    """Text without accents and dashes of other kinds, as order and code files write it."""
    plain = unicodedata.normalize("NFKD", text.replace("–", "-").replace("’", "'"))
    return "".join(c for c in plain if not unicodedata.combining(c))
