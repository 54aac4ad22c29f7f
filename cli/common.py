"""What the commands share: lazily loaded parsers, common options, printing, opening a release.

Light: neither pydantic nor any other dependency is imported here.
"""

import argparse
import re
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from chartcoder.tabular.errors import BadInput, MissingPrerequisite

if TYPE_CHECKING:
    from chartcoder.tabular.release import Release

Setting = Literal["outpatient", "inpatient"]
Sex = Literal["female", "male"]

_SEXES: dict[str, Sex] = {"f": "female", "female": "female", "m": "male", "male": "male"}
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(d|w|m|y)?")
_YEARS = {"d": 1 / 365.25, "w": 7 / 365.25, "m": 1 / 12, "y": 1.0}
OLDEST = 130


class EncounterOptions(NamedTuple):
    """What the command line was told of the visit or stay; None where it was not.

    Attributes:
        setting: decides which guideline sections hold.
        date: ISO date of the visit or the discharge.
        age: years; a newborn is below 1.
        sex: female or male.
    """

    setting: Setting | None
    date: str | None
    age: float | None
    sex: Sex | None


class LazyParser(argparse.ArgumentParser):
    """A parser whose arguments come from a module that is imported when the parser is chosen.

    The module has ``add_arguments(parser)`` and ``run(options) -> int``. Without a module it is a
    parser like any other.
    """

    def __init__(self, *, module: str | None = None, **rest: Any) -> None:
        self._module = module
        super().__init__(**rest)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Loads the module once, then parses."""
        if self._module is not None:
            name, self._module = self._module, None
            try:
                command = import_module(name)
            except ModuleNotFoundError as problem:
                if problem.name != name:
                    raise
                raise MissingPrerequisite(
                    f"The command `{self.prog}` is not part of this version; update chartcoder."
                ) from problem
            self.set_defaults(run=command.run)
            command.add_arguments(self)
        return super().parse_known_args(args, namespace)


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Adds ``--release`` and ``--json``."""
    add_release_option(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_release_option(parser: argparse.ArgumentParser) -> None:
    """Adds ``--release``."""
    parser.add_argument(
        "--release",
        metavar="RELEASE",
        help="an added year, `bundled`, a directory, a zip or an XML file "
        "(default: the newest added one, else the bundled one)",
    )


def add_encounter_options(parser: argparse.ArgumentParser) -> None:
    """Adds ``--setting``, ``--date``, ``--age`` and ``--sex``."""
    group = parser.add_argument_group("encounter")
    group.add_argument(
        "--setting", choices=("outpatient", "inpatient"), help="which guideline sections hold"
    )
    group.add_argument(
        "--date", type=read_date, metavar="YYYY-MM-DD", help="of the visit or the discharge"
    )
    group.add_argument(
        "--age", type=read_age, metavar="AGE", help="in years, or with d, w, m: 63, 10d, 6w, 18m"
    )
    group.add_argument("--sex", type=read_sex, metavar="SEX", help="female or male (F, M)")


def add_switches(parser: argparse.ArgumentParser) -> None:
    """Adds ``--policy`` and ``--no-way-back``."""
    parser.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change a policy of the rules judge (resources/rules/policies.toml)",
    )
    parser.add_argument("--no-way-back", action="store_true", help="switch the loops off")


def policies_of(options: argparse.Namespace) -> tuple[tuple[str, str], ...]:
    """The policies that ``--policy`` changes, as pairs of name and value.

    Raises:
        BadInput: one has no value.
    """
    pairs = []
    for text in options.policy:
        name, equals, value = text.partition("=")
        if not equals:
            raise BadInput(f"The policy {text!r} has no value; write it as NAME=VALUE.")
        pairs.append((name.strip(), value.strip()))
    return tuple(pairs)


def positive(text: str) -> int:
    """A number of processes as it was typed.

    Raises:
        argparse.ArgumentTypeError: it is none from 1 to 256.
    """
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes from 1 to 256")
    return number


def encounter_of(options: argparse.Namespace) -> EncounterOptions:
    """The encounter that the options tell of."""
    return EncounterOptions(options.setting, options.date, options.age, options.sex)


def read_date(text: str) -> str:
    """An ISO date as it was typed.

    Raises:
        argparse.ArgumentTypeError: it is no date of the calendar.
    """
    import datetime

    found = _DATE.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError(text)
        datetime.date(*map(int, found.groups()))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write it as 2026-03-31") from None
    return found.group()


def read_age(text: str) -> float:
    """An age in years from ``63``, ``0.5``, ``10d``, ``6w``, ``18m`` or ``3y``.

    Raises:
        argparse.ArgumentTypeError: it is none, or above 130 years.
    """
    found = _AGE.fullmatch(text.strip().lower())
    years = float(found[1]) * _YEARS[found[2] or "y"] if found else -1.0
    if not 0 <= years <= OLDEST:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no age; write years from 0 to {OLDEST}, or days, weeks, months as 10d, "
            "6w, 18m"
        )
    return years


def read_sex(text: str) -> Sex:
    """The sex as the classification knows it.

    Raises:
        argparse.ArgumentTypeError: it is neither.
    """
    sex = _SEXES.get(text.strip().lower())
    if sex is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no sex; write female or male")
    return sex


def open_named_release(options: argparse.Namespace) -> "Release":
    """Opens the release that ``--release`` names and prints its notices to standard error.

    Raises:
        BadInput: nothing of that name is there, or it is no ICD-10-CM release.
        MissingPrerequisite: the bundled release is not installed.
    """
    from chartcoder.tabular.release import open_release

    release = open_release(options.release)
    for notice in release.notices:
        say(notice)
    return release


def say(sentence: str) -> None:
    """Prints words about the work to standard error."""
    print(f"chartcoder: {sentence}", file=sys.stderr)


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Prints a value as JSON, its keys in the order they were made in.

    Args:
        value: dictionaries, lists, texts, numbers.
        indent: None for one line.
    """
    print(json_text(value, indent=indent))


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """A value as JSON text that standard output can carry whatever its encoding."""
    import json

    unicode_output = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    return json.dumps(value, ensure_ascii=not unicode_output, indent=indent)


def counted(count: int, one: str, many: str | None = None) -> str:
    """A number with its noun: ``1 code``, ``2,400 codes``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
