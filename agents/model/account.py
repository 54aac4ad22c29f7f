"""What one question to a model cost and lost, kept by the judge that asked it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from chartcoder.agents.values import Losses, Usage
from chartcoder.tabular.errors import BadInput

_MILLION = 1_000_000


class Price(NamedTuple):
    """What a model costs, in any one currency, a million tokens."""

    prompt: float
    completion: float


def read_prices(file: Path) -> dict[str, Price]:
    """Reads a price table.

    It is TOML, a table a model: ``["model-name"]`` with ``prompt`` and ``completion``, both a
    million tokens.

    Raises:
        BadInput: the file is not there or not such a table.
    """
    try:
        table = tomllib.loads(file.read_text("utf-8"))
        return {
            name: Price(float(row["prompt"]), float(row["completion"]))
            for name, row in table.items()
        }
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"The price table {file} cannot be read: {error}.") from None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BadInput(
            f'The price table {file} is not of the form ["model"] prompt = 1.0 completion = 2.0.'
        ) from None


@dataclass(slots=True)
class Account:
    """Counts what calls cost; turned into frozen values when the graph asks.

    Attributes:
        calls: requests sent, those included that failed or were sent again.
        cached: questions answered from the cache.
        failed: requests that brought no usable answer.
        dropped: quotes that are not in the chart.
        degraded: ids of evidence that the rules judge decided.
        degraded_items: the same in words, with the reason.
    """

    prices: Mapping[str, Price] = field(default_factory=dict)
    calls: int = 0
    cached: int = 0
    failed: int = 0
    dropped: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    cost: float | None = None
    degraded: set[int] = field(default_factory=set)
    degraded_items: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, model: str, prompt_tokens: int, completion_tokens: int) -> None:
        """Adds the tokens of one answer and what they cost, where the model has a price."""
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens
        price = self.prices.get(model)
        if price is not None:
            spent = prompt_tokens * price.prompt + completion_tokens * price.completion
            self.cost = round((self.cost or 0.0) + spent / _MILLION, 9)

    def degrade(self, agent: str, what: str, why: str, evidence: int | None = None) -> None:
        """Notes that the rules judge decided something, and why."""
        self.degraded_items.append(f"{agent}: {what}: {why}")
        if evidence is not None:
            self.degraded.add(evidence)

    def remark(self, sentence: str) -> None:
        """Notes something once."""
        if sentence not in self.remarks:
            self.remarks.append(sentence)

    def losses(self) -> Losses:
        """What was lost."""
        return Losses(
            dropped_quotes=self.dropped, failed_calls=self.failed,
            degraded_items=tuple(self.degraded_items), remarks=tuple(self.remarks),
        )  # fmt: skip

    def usage(self) -> Usage:
        """What it cost."""
        return Usage(
            calls=self.calls, prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens, seconds=round(self.seconds, 3),
            cost=self.cost,
        )  # fmt: skip
