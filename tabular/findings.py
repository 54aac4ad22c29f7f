"""What a check finds, and its JSON.

Severities: ``error`` makes a code set invalid; ``warning`` is against a guideline that has
exceptions; ``query`` cannot be settled from the codes alone, so the chart or the provider must;
``info`` is worth knowing.
"""

from typing import Any, Literal, NamedTuple, Protocol

Severity = Literal["error", "warning", "query", "info"]
Rule = Literal[
    "unknown-code", "not-billable", "seventh-character", "placeholder", "duplicate",
    "excludes1", "manifestation-first", "etiology-missing", "code-first", "use-additional",
    "never-first", "unacceptable-principal", "laterality", "age", "sex",
    "present-on-admission",
]  # fmt: skip

LONGEST_TITLE = 90

RANK: dict[Severity, int] = {"error": 0, "warning": 1, "query": 2, "info": 3}


class Circumstances(Protocol):
    """What is known of the visit or stay; None where it was not said.

    ``setting`` is outpatient or inpatient, ``date`` an ISO date, ``age`` in years (a newborn is
    below 1), ``sex`` female or male.
    """

    @property
    def setting(self) -> str | None: ...  # noqa: D102
    @property
    def date(self) -> str | None: ...  # noqa: D102
    @property
    def age(self) -> float | None: ...  # noqa: D102
    @property
    def sex(self) -> str | None: ...  # noqa: D102


class Suggestion(NamedTuple):
    """A code that could stand in place of the one found wrong.

    Attributes:
        code: dotted.
        title: what it says; for a 7th character, the character's meaning.
    """

    code: str
    title: str


class Finding(NamedTuple):
    """One thing found in a code set.

    Attributes:
        rule: which rule of the contract.
        severity: how much it weighs.
        codes: the codes concerned, as they were given, the one that carries the rule first.
        message: one or two sentences for a coder.
        note: the words of the note; empty where no note says it.
        origin: the code, section or chapter that carries the note.
        section: of the Official Guidelines, such as ``I.A.12.a``.
        suggestion: what would be right, where that is certain.
    """

    rule: Rule
    severity: Severity
    codes: tuple[str, ...]
    message: str
    note: str = ""
    origin: str = ""
    section: str = ""
    suggestion: tuple[Suggestion, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The finding as the contract's JSON has it; ``suggestion`` only where there is one."""
        said: dict[str, Any] = {
            "rule": self.rule,
            "severity": self.severity,
            "codes": list(self.codes),
            "message": self.message,
            "note": self.note,
            "from": self.origin,
            "section": self.section,
        }
        if self.suggestion:
            said["suggestion"] = [s._asdict() for s in self.suggestion]
        return said


class Verdict(NamedTuple):
    """What a check says of a code set.

    Attributes:
        release: the fiscal year it was held against.
        codes: the codes as understood, dotted, in their sequence.
        findings: gravest first, then in the sequence of the codes.
        order: an order that satisfies all constraints where the given one does not; else empty.
        ties: the valid codes of that order in groups; inside a group the circumstances of the
            encounter decide which goes first (II.B, II.C).
    """

    release: str
    codes: tuple[str, ...]
    findings: tuple[Finding, ...]
    order: tuple[str, ...] = ()
    ties: tuple[tuple[str, ...], ...] = ()

    @property
    def valid(self) -> bool:
        """No finding is an error."""
        return not any(f.severity == "error" for f in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The verdict as the contract's JSON has it; ``order`` only where it differs."""
        said: dict[str, Any] = {
            "release": self.release,
            "valid": self.valid,
            "codes": list(self.codes),
            "findings": [f.to_json() for f in self.findings],
            "ties": [list(group) for group in self.ties],
        }
        if self.order:
            said["order"] = list(self.order)
        return said


def named(code: str, title: str) -> str:
    """A code with its title, a long title cut after a word."""
    if len(title) <= LONGEST_TITLE:
        return f"{code} {title}"
    return f"{code} {title[:LONGEST_TITLE].rsplit(' ', 1)[0].rstrip(',')} ..."
