"""The waterfall of stage losses: from all gold codes down to those assigned."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chartcoder.evaluation.losses import STAGES
from chartcoder.tabular.errors import BadInput, MissingPrerequisite

_WHOLE, _LOST, _KEPT = "#6b7785", "#c8553d", "#3a7d5d"


def steps(report: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """The bars of the waterfall: name, bottom, top, in codes.

    The first bar holds all core gold codes, each stage's bar what it lost, the last what is left.
    """
    top = report["gold_codes"]
    bars = [("gold codes", 0, top)]
    for stage in STAGES:
        lost = report["losses"][stage]
        bars.append((stage, top - lost, top))
        top -= lost
    return [*bars, ("assigned", 0, top)]


def draw(report: Mapping[str, Any], target: Path, title: str = "") -> None:
    """Draws the waterfall into a file.

    Args:
        report: of an evaluation.
        target: an SVG or PNG file, by its ending.
        title: stands above it.

    Raises:
        MissingPrerequisite: matplotlib is not installed.
        BadInput: the ending is neither, or the file cannot be written.
    """
    if target.suffix.lower() not in (".svg", ".png"):
        raise BadInput(f"The picture {target} must end in .svg or .png.")
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise MissingPrerequisite(
            "The picture needs matplotlib; run `pip install chartcoder[plot]`."
        ) from None
    bars = steps(report)
    whole = max(report["gold_codes"], 1)
    # Without these, SVG holds random ids and the date, and no two files are the same.
    with mpl.rc_context({"svg.hashsalt": "chartcoder", "font.family": "DejaVu Sans"}):
        figure = Figure(figsize=(8, 4.2), layout="constrained")
        axes = figure.add_subplot()
        for place, (_, bottom, top) in enumerate(bars):
            colour = _WHOLE if place == 0 else _KEPT if place == len(bars) - 1 else _LOST
            axes.bar(place, top - bottom, bottom=bottom, color=colour, width=0.62)
            sign = "-" if colour == _LOST else ""
            text = f"{sign}{top - bottom}  ({(top - bottom) / whole:.0%})"
            axes.annotate(text, (place, top), (0, 3), textcoords="offset points", ha="center")
        for place in range(len(bars) - 1):
            level = bars[place][2] if place == 0 else bars[place][1]
            axes.plot([place + 0.31, place + 0.69], [level, level], color="#9aa5b1", lw=0.8)
        names = [name if name not in STAGES else f"lost:\n{name}" for name, _, _ in bars]
        axes.set_xticks(range(len(bars)), names)
        axes.set_ylabel("core gold codes")
        axes.set_ylim(0, whole * 1.1)
        axes.spines[["top", "right"]].set_visible(False)
        if title:
            axes.set_title(title, loc="left", fontsize=11)
        try:
            figure.savefig(target, metadata={"Date": None} if target.suffix == ".svg" else {})
        except OSError as problem:
            raise BadInput(f"{target} cannot be written ({problem.strerror}).") from None
