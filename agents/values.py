"""The values that pass between the agents, and the result.

Frozen pydantic models: what one agent wrote, no later one changes. ``Coding`` is the result; its
JSON carries ``schema_version`` and a published schema (``Coding.model_json_schema()``).
"""

import hashlib
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = "1.0"

Setting = Literal["outpatient", "inpatient"]
Sex = Literal["female", "male"]
Assertion = Literal[
    "present", "absent", "possible", "historical", "family", "hypothetical", "planned"
]
AgentName = Literal["extractor", "navigator", "validator", "reconciler"]


class Value(BaseModel):
    """A frozen value without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Encounter(Value):
    """What is known of the visit or stay; decides which guideline sections hold."""

    setting: Setting | None = Field(default=None, description="None where it was not said")
    date: str | None = Field(default=None, description="ISO date of the visit or the discharge")
    age: float | None = Field(default=None, ge=0, le=130, description="years; a newborn is below 1")
    sex: Sex | None = None


class Chart(Value):
    """A chart as decoded text; all offsets count characters of ``text``."""

    id: str = "chart"
    text: str
    encoding: str = Field("utf-8", description="with which the chart's bytes give this text")
    encounter: Encounter = Encounter()

    @property
    def sha256(self) -> str:
        """The hash of the text, which stands for it in a trace."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


class Span(Value):
    """A place in the chart: ``text == chart.text[start:end]``, always."""

    start: int = Field(ge=0)
    end: int
    text: str
    section: str = Field(
        default="", description="kind of the section it stands in, such as assessment"
    )
    assertion: Assertion = "present"


class Evidence(Value):
    """One documented condition or circumstance that may lead to codes.

    ``id`` is unique in a chart. ``phrase`` is what is looked up in the Index: the words of the
    span with abbreviations written out. ``modifiers`` are words elsewhere in the chart that
    belong to it (side, type, acuity, cause). ``reason`` says why it counts for this encounter.
    """

    id: int
    span: Span
    phrase: str
    modifiers: tuple[str, ...] = ()
    support: tuple[Span, ...] = ()
    said_by: str = "provider"
    role: Literal["problem", "finding", "status", "history", "medication", "cause"] = "problem"
    primary: bool = Field(
        default=False, description="the reason for the visit or the principal problem"
    )
    reason: str = ""
    sought: tuple[str, ...] = Field(
        default=(), description="codes that a directed search marked it for; empty for others"
    )


class IndexEntry(Value):
    """One entry of the Alphabetic Index that the navigator holds against an evidence item."""

    evidence: int
    code: str = Field(description="as the Index has it, possibly incomplete with a trailing dash")
    manifestation: str = ""
    path: tuple[str, ...]
    hops: tuple[str, ...] = ()
    score: float
    matched: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    book: str = "index"


class NoteWeighed(Value):
    """An instructional note that bears on a code, and what came of it."""

    kind: str
    text: str
    origin: str = Field(alias="from")
    outcome: str = ""


class Candidate(Value):
    """A billable code that the validator verified in the Tabular List for an evidence item."""

    evidence: tuple[int, ...]
    code: str
    title: str
    entry: IndexEntry
    tabular_path: tuple[str, ...]
    notes: tuple[NoteWeighed, ...] = ()
    confidence: float = Field(ge=0, le=1)
    undocumented: tuple[str, ...] = Field(default=(), description="axes the chart does not settle")
    role: Literal["sole", "etiology", "manifestation", "additional"] = "sole"
    together: tuple[str, ...] = Field(
        default=(), description="codes reported with this one or not at all"
    )
    degraded: bool = False


class Rejected(Value):
    """A code that was considered and turned down, with who turned it down and by which rule."""

    code: str
    title: str
    agent: AgentName
    reason: str
    rule: str
    evidence: tuple[int, ...] = ()


class Finding(Value):
    """An edit: a rule of the book that the set breaks, or that somebody should look at."""

    rule: str
    severity: Literal["error", "warning", "query", "info"]
    codes: tuple[str, ...]
    message: str
    note: str = ""
    origin: str = Field(default="", alias="from")
    section: str = ""


class QueryAnswer(Value):
    """One possible answer to a query, with the code it would give."""

    answer: str
    code: str
    title: str


class Query(Value):
    """A question to the provider, in neutral words."""

    question: str
    about: tuple[str, ...] = ()
    axis: str = ""
    answers: tuple[QueryAnswer, ...] = ()
    section: str = ""


class Wanted(Value):
    """A partner that a code of the set asks for and that the set does not have."""

    by: str = Field(description="the code that asks")
    ranges: tuple[str, ...] = Field(description="codes or prefixes that would do")
    phrases: tuple[str, ...] = Field(default=(), description="words to look for in the chart")
    reason: str = ""


class Settlement(Value):
    """Answer to "which set?": the codes reported, those turned down or only suggested, queries.

    ``wanted`` names the partners that are missing and should be looked for on the way back.
    ``findings`` and ``ties`` are added by the reconciler when it has put the set in order.
    """

    kept: tuple[Candidate, ...]
    rejected: tuple[Rejected, ...] = ()
    suggested: tuple[Rejected, ...] = ()
    queries: tuple[Query, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    first: str = Field(default="", description="the code the judge puts first, if it says so")
    findings: tuple[Finding, ...] = ()
    ties: tuple[tuple[str, ...], ...] = ()


class AssignedSpan(Value):
    """A span as the result shows it."""

    start: int
    end: int
    text: str
    section: str
    assertion: Assertion


class Assigned(Value):
    """One code of the result with its proof."""

    sequence: int
    code: str
    title: str
    evidence: tuple[AssignedSpan, ...]
    index_path: tuple[str, ...]
    hops: tuple[str, ...]
    tabular_path: tuple[str, ...]
    notes: tuple[NoteWeighed, ...]
    confidence: float
    degraded: bool = False


class Losses(Value):
    """What was lost or fell short on the way, so that nothing is lost silently."""

    dropped_quotes: int = 0
    failed_calls: int = 0
    skipped_files: tuple[str, ...] = ()
    degraded_items: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class Usage(Value):
    """What a model judge cost for one chart."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    cost: float | None = None


class Step(Value):
    """One line of the way log: which agent did what, and why the way turned."""

    agent: AgentName
    round: int
    what: str
    evidence: tuple[int, ...] = ()


class ReleaseName(Value):
    """Which code set and index an answer rests on."""

    year: str
    source: str
    index: str


class Coding(Value):
    """The result for one chart."""

    schema_version: str = SCHEMA_VERSION
    chart: dict[str, str | int]
    encounter: Encounter
    release: ReleaseName
    judge: str
    assigned: tuple[Assigned, ...]
    rejected: tuple[Rejected, ...] = ()
    findings: tuple[Finding, ...] = ()
    queries: tuple[Query, ...] = ()
    suggestions: tuple[Rejected, ...] = Field(
        (), description="codes a person may want to add, with the reason they were not assigned"
    )
    ties: tuple[tuple[str, ...], ...] = Field(default=(), description="codes whose order is free")
    losses: Losses = Losses()
    way: tuple[Step, ...] = ()
    usage: Usage | None = None

    def to_json(self) -> dict[str, object]:
        """The contract's JSON object: field names as published, ``usage`` only with a model."""
        data = self.model_dump(mode="json", by_alias=True)
        if self.usage is None:
            data.pop("usage")
        return data

    @classmethod
    def from_json(cls, data: dict[str, object]) -> "Coding":
        """Reads what ``to_json`` gave.

        Raises:
            pydantic.ValidationError: it is no coding.
        """
        return cls.model_validate(data, by_alias=True, by_name=True)
