"""A small index in the official schema, for tests that want to see every line."""

from pathlib import Path

from chartcoder.index.build import Gathered, build_index
from chartcoder.index.parse import parse_index
from chartcoder.index.pointers import resolve_all
from chartcoder.index.store import IndexStore
from chartcoder.index.terms import Term

INDEX = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index><version>2026</version><title>INDEX</title>
<letter><title>A</title>
<mainTerm><title>Angina<nemod>(attack) (cardiac)</nemod></title><code>I20.9</code>
  <term level="1"><title>with atherosclerotic heart disease</title>
    <see>Arteriosclerosis, coronary (artery)</see></term>
  <term level="1"><title>unstable</title><code>I20.0</code></term>
</mainTerm>
<mainTerm><title>Arteriosclerosis, arteriosclerotic<nemod>(diffuse)</nemod></title>
  <code>I70.90</code>
  <term level="1"><title>coronary<nemod>(artery)</nemod></title><code>I25.10</code>
    <term level="2"><title>with unstable angina</title><code>I25.110</code></term></term>
</mainTerm>
<mainTerm><title>Atherosclerosis</title><seeAlso>Arteriosclerosis</seeAlso></mainTerm>
</letter>
<letter><title>C</title>
<mainTerm><title>Cardiac</title><see>condition</see></mainTerm>
<mainTerm><title>Chase</title><see>Hunt</see></mainTerm>
</letter>
<letter><title>D</title>
<mainTerm><title>Diabetes, diabetic<nemod>(mellitus) (sugar)</nemod></title><code>E11.9</code>
  <term level="1"><title>with</title>
    <term level="2"><title>ketoacidosis</title><code>E11.10</code></term></term>
  <term level="1"><title>type 1</title><code>E10.9</code>
    <term level="2"><title>with</title>
      <term level="3"><title>ketoacidosis without coma</title><code>E10.10</code></term>
      <term level="3"><title>ketoacidosis with coma</title><code>E10.11</code></term></term></term>
</mainTerm>
</letter>
<letter><title>F</title>
<mainTerm><title>Fracture, traumatic<nemod>(closed)</nemod></title><code>T14.8</code>
  <term level="1"><title>tibia<nemod>(shaft)</nemod></title><code>S82.20-</code>
    <term level="2"><title>left</title><code>S82.202-</code></term>
    <term level="2"><title>right</title><code>S82.201-</code></term></term>
</mainTerm>
</letter>
<letter><title>H</title>
<mainTerm><title>Hunt</title><see>Chase</see></mainTerm>
</letter>
<letter><title>N</title>
<mainTerm><title>Necrobiosis</title>
  <term level="1"><title>lipoidica with diabetes</title><see>E10-E11 with .620</see></term>
</mainTerm>
</letter>
<letter><title>P</title>
<mainTerm><title>Pain<nemod>(s)</nemod></title><code>R52</code>
  <term level="1"><title>foot</title><see>Pain, limb, lower</see></term>
  <term level="1"><title>limb</title><code>M79.60-</code>
    <term level="2"><title>lower</title><code>M79.60-</code>
      <term level="3"><title>foot</title><code>M79.67-</code></term></term></term>
</mainTerm>
<mainTerm><title>Poisoning</title>
  <seeAlso>Table of Drugs and Chemicals, by drug, poisoning</seeAlso></mainTerm>
</letter>
<letter><title>V</title>
<mainTerm><title>Vein<nemod>(peripheral)</nemod> NEC</title><code>I87.9</code></mainTerm>
<mainTerm><title>Vertigo (see also Dizziness)</title><code>R42</code></mainTerm>
</letter>
</ICD10CM.index>
"""

NEOPLASMS = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index><version>2026</version>
<indexHeading><head col="1">Neoplasm</head><head col="2">Malignant Primary</head>
<head col="3">Malignant Secondary</head></indexHeading>
<letter><title>N</title><mainTerm><title>Neoplasm, neoplastic</title>
<cell col="3">C79.9</cell><cell col="2">C80.1</cell>
<term level="1"><title>liver</title><cell col="2">C22.9</cell><cell col="3">C78.7</cell></term>
<term level="1"><title>lung</title><cell col="2">C34.9-</cell><cell col="3">C78.0-</cell>
<cell col="4">-</cell></term>
</mainTerm></letter></ICD10CM.index>
"""

DRUGS = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index><version>2026</version>
<indexHeading><head col="2">Poisoning Accidental</head>
<head col="7">Underdosing</head></indexHeading>
<letter><title>W</title><mainTerm><title>Warfarin</title>
<cell col="2">T45.511</cell><cell col="3">T45.512</cell><cell col="6">T45.515</cell>
<cell col="7">T45.516</cell></mainTerm></letter></ICD10CM.index>
"""


def small_terms() -> Gathered:
    """The terms of the small index and its two tables, codes as written."""
    terms: list[Term] = []
    headings = []
    problems: list[str] = []
    for content, book in ((INDEX, "index"), (NEOPLASMS, "neoplasm"), (DRUGS, "drug")):
        parsed = parse_index(content.encode(), f"{book}.xml", book, len(terms))  # type: ignore[arg-type]
        terms += parsed.terms
        headings += [(book, n, words) for n, words in parsed.columns.items()]
        problems += parsed.problems
    return Gathered(terms, headings, problems)  # type: ignore[arg-type]


def small_store(folder: Path) -> IndexStore:
    """The small index, built and opened."""
    gathered = small_terms()
    build_index(gathered, folder / "index.db", resolve_all(gathered.terms, ["E10620", "E11620"]))
    return IndexStore(folder / "index.db", "official")
