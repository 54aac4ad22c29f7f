from pathlib import Path

import pytest

from chartcoder.agents.reading import MOST_BYTES, decode, read_chart
from chartcoder.tabular.errors import BadInput


def test_reading_keeps_windows_line_ends() -> None:
    assert decode(b"Gout.\r\nAsthma.", "a").text == "Gout.\r\nAsthma."


def test_reading_takes_the_byte_order_mark_off_and_names_the_encoding() -> None:
    decoded = decode(b"\xef\xbb\xbfGout.", "a")
    assert decoded.text == "Gout."
    assert b"\xef\xbb\xbfGout.".decode(decoded.encoding) == decoded.text


def test_reading_detects_other_encodings_and_says_so() -> None:
    text = "Assessment: Ménière's disease. Sjögren syndrome. Behçet disease, stable."
    decoded = decode(text.encode("cp1252"), "a")
    assert decoded.text == text
    assert "not UTF-8" in decoded.remark
    assert text.encode("cp1252").decode(decoded.encoding) == decoded.text


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b"Gout\0asthma", "null byte"),
        (bytes(range(1, 32)) * 40, "binary"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe", "binary"),
        (b"a" * (MOST_BYTES + 1), "larger"),
    ],
)
def test_reading_refuses_what_is_no_chart(content: bytes, word: str) -> None:
    with pytest.raises(BadInput, match=word):
        decode(content, "chart.txt")


def test_reading_refuses_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="folder"):
        read_chart(tmp_path)
    with pytest.raises(BadInput, match="does not exist"):
        read_chart(tmp_path / "none.txt")
