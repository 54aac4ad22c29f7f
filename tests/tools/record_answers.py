"""Turns a model desk's requests and answers into recordings that are found again by their words.

    python tests/tools/record_answers.py DESK OUT

Each chart was coded with its own id as the name of the model, and becomes ``OUT/ID.json``.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from tests.agents.model.server import blocks, question_of, user_text


def numbered_lines(text: str) -> dict[int, str]:
    """What each number of a prompt stands for, in its words."""
    found: dict[int, str] = {}
    for line in text.splitlines():
        if "and one of:" in line:
            for part in line.partition("and one of:")[2].split(";"):
                number, _, words = part.strip().partition(" ")
                found[int(number)] = words.strip()
            continue
        match = re.match(r"^ +(?:asked for \([^)]*\): )?(\d+) (.*)$", line)
        if match:
            words = re.split(r" \(includes: | - covers \[", match.group(2))[0]
            found.setdefault(int(match.group(1)), words)
    return found


def record(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
    """One recording from the requests and answers of a chart."""
    made: dict[str, Any] = {"mentions": {}, "entries": {}, "codes": {}, "set": {}}
    for body, answer in pairs:
        question, text = question_of(body), user_text(body)
        if question == "mentions":
            made["mentions"] = answer
        elif question == "set":
            titles = dict(re.findall(r"^(\d+) (.*)$", text, re.MULTILINE))
            made["set"] = {
                "items": {
                    _title(titles[str(i["number"])]): [i["verdict"], i["section"], i["reason"]]
                    for i in answer["items"]
                },
                "first": _title(titles[str(answer["first"])]) if answer["first"] else "",
                "wanted": answer["wanted"],
            }
        else:
            words = numbered_lines(text)
            names = {}
            for number, block in blocks(text.split("\n\nCombinations of several")[0]):
                said = re.search(r'says: ("(?:[^"\\]|\\.)*")', block)
                key = json.loads(said.group(1)) if said else ""
                names[number] = f"{block.splitlines()[0].split(' (says:')[0]} | {key}"
            field = "entries" if question == "entries" else "codes"
            for item in answer["items"]:
                row = {k: v for k, v in item.items() if k not in ("evidence", field)}
                row[field] = [words[n] for n in item[field] if n in words]
                made[question][names[item["evidence"]]] = row
    return made


def _title(shown: str) -> str:
    """A line of the set without the facts behind the title."""
    return re.sub(r" \((?:[a-z ]+)(?:; [a-z ]+)*\)$", "", shown)


def main() -> None:
    desk, out = Path(sys.argv[1]), Path(sys.argv[2])
    charts: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = {}
    for file in sorted((desk / "requests").glob("*.json")):
        answer = desk / "answers" / file.name
        if answer.exists():
            body = json.loads(file.read_text())
            charts.setdefault(body["model"], []).append((body, json.loads(answer.read_text())))
    out.mkdir(parents=True, exist_ok=True)
    for name, pairs in charts.items():
        text = json.dumps(record(pairs), indent=1, ensure_ascii=False)
        (out / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
