"""Reads a chart from a file or standard input as text whose offsets can be trusted."""

import sys
from pathlib import Path
from typing import NamedTuple

from chartcoder.agents.values import Chart, Encounter
from chartcoder.tabular.errors import BadInput

MOST_BYTES = 4 * 2**20
_SHARE_OF_CONTROLS = 0.02


class Decoded(NamedTuple):
    """A decoded chart.

    Attributes:
        text: the characters that all offsets count; line ends are left as they are.
        encoding: a name Python knows, with which the bytes give just this text.
        remark: what a person should know of the decoding; empty for plain UTF-8.
    """

    text: str
    encoding: str
    remark: str


def read_chart(source: str | Path, encounter: Encounter | None = None) -> tuple[Chart, str]:
    """Reads one chart.

    Args:
        source: a file, or ``-`` for standard input.
        encounter: what is known of the visit.

    Returns:
        The chart, and a remark on its decoding (empty for none).

    Raises:
        BadInput: it is missing, a folder, empty, binary, or larger than any chart.
    """
    if str(source) == "-":
        content, name, number = sys.stdin.buffer.read(MOST_BYTES + 1), "standard input", "stdin"
    else:
        path = Path(source)
        name, number = str(path), path.stem
        content = _bytes_of(path)
    decoded = decode(content, name)
    chart = Chart(
        id=number, text=decoded.text, encoding=decoded.encoding,
        encounter=encounter or Encounter(),
    )  # fmt: skip
    return chart, decoded.remark


def _bytes_of(path: Path) -> bytes:
    if path.is_dir():
        raise BadInput(
            f"The chart {path} is a folder; name a text file, or try `chartcoder batch`."
        )
    try:
        with path.open("rb") as stream:
            return stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise BadInput(f"The chart {path} does not exist; check the name.") from None
    except OSError as problem:
        raise BadInput(f"The chart {path} cannot be read ({problem.strerror}).") from problem


def decode(content: bytes, name: str) -> Decoded:
    """Decodes the bytes of a chart.

    Args:
        content: the bytes.
        name: what to call the chart in an error.

    Raises:
        BadInput: nothing but white space is there, it is binary, or it is too large.
    """
    if len(content) > MOST_BYTES:
        raise BadInput(
            f"The chart {name} is larger than {MOST_BYTES // 2**20} MiB; give one chart at a time."
        )
    encoding, remark = "utf-8", ""
    for mark, named in (
        (b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
    ):  # fmt: skip
        if content.startswith(mark):
            encoding = named
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text, encoding = _detected(content, name)
        remark = f"The chart {name} is not UTF-8; it was read as {encoding}."
    if encoding.startswith("utf-16"):
        remark = f"The chart {name} was read as UTF-16."
    place = text.find("\0")
    if place >= 0:
        raise BadInput(
            f"The chart {name} holds a null byte at character {place}; give a plain text file."
        )
    controls = sum(1 for c in text[:20000] if c < " " and c not in "\t\n\r\f\v")
    if controls > _SHARE_OF_CONTROLS * max(len(text[:20000]), 1):
        raise BadInput(f"The chart {name} is binary, not text; export it as a text file.")
    if not text.strip():
        raise BadInput(f"The chart {name} is empty; give a chart with text.")
    return Decoded(text, encoding, remark)


def _detected(content: bytes, name: str) -> tuple[str, str]:
    from charset_normalizer import from_bytes

    if b"\0" in content[:4096]:
        raise BadInput(f"The chart {name} is binary, not text; export it as a text file.")
    # Western charts that are not UTF-8 come from Windows; the detector needs more text than a
    # short note has to tell the single-byte encodings apart, so it is asked for these first.
    guess = from_bytes(content, cp_isolation=["cp1252", "latin_1", "cp850", "mac_roman"]).best()
    if guess is None:
        guess = from_bytes(content).best()
    if guess is None:
        raise BadInput(f"The chart {name} is in no known text encoding; save it as UTF-8.")
    return content.decode(guess.encoding), guess.encoding
