"""``chartcoder index``: walks the Alphabetic Index, main term by subterm, see and see also."""

import argparse
from typing import Any

from chartcoder.cli.common import (
    add_common_options,
    counted,
    open_named_release,
    print_json,
    say,
)
from chartcoder.index.ask import NearTerms, clean_phrase
from chartcoder.index.navigate import Found, Navigator
from chartcoder.index.store import IndexStore, open_index
from chartcoder.index.terms import Term
from chartcoder.tabular.codes import is_code_shaped, normalise
from chartcoder.tabular.errors import BadInput
from chartcoder.tabular.release import Release

_ENTRIES = 10
_LEVELS = 2
_MOST_LINES = 60
_MOST_LISTED = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of this command."""
    parser.add_argument(
        "term",
        nargs="*",
        metavar="TERM",
        help="a main term with subterms (fracture ankle), words of a chart, or a code",
    )
    parser.add_argument(
        "-k", type=int, default=_ENTRIES, metavar="N",
        help=f"how many entries to rank ({_ENTRIES})",
    )  # fmt: skip
    parser.add_argument(
        "--depth", type=int, default=_LEVELS, metavar="N",
        help=f"how many levels of subterms to show ({_LEVELS})",
    )  # fmt: skip
    parser.add_argument(
        "--report", action="store_true",
        help="say what the index holds, which codes it lost and which pointers lead nowhere",
    )  # fmt: skip
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the entries for a term, and the branch of the best one.

    Raises:
        BadInput: no term was given, or it cannot be looked up.
    """
    if options.k < 1 or options.depth < 0:
        raise BadInput("-k is a number from 1, --depth one from 0.")
    if bool(options.term) == options.report:
        raise BadInput("Give `chartcoder index` either a term such as `pneumonia`, or --report.")
    if options.report:
        return _report(options)
    phrase = clean_phrase(" ".join(options.term), "The term")
    release = open_named_release(options)
    store = open_index(release)
    plain = normalise(phrase) if len(phrase) < 10 else ""
    if is_code_shaped(plain) and plain in release.tabular:
        return _lead_to(plain, store, release, options)
    from chartcoder.index.lexicon import wordings

    navigator = Navigator(store)
    entries = _ranked(navigator, wordings(phrase), options.k)
    branch = _branch_of(store, entries, phrase)
    if not entries:
        near = NearTerms(store).of(phrase)
        offer = f"; nearest are {', '.join(near)}" if near else ""
        say(f"the index has no word of {phrase!r}{offer}.")
    elif entries[0].unsure:
        say("unsure: no entry fits the whole term.")
    if options.json:
        print_json(
            {
                "term": phrase,
                "entries": [_entry_json(found, store, release) for found in entries],
                "main_term": _term_json(store, branch, options.depth) if branch else None,
            }
        )
        return 0
    for found in entries:
        print("\n".join(_entry_lines(found, store, release)))
    if branch:
        print()
        lines = _branch_lines(store, branch, options.depth)
        print("\n".join(lines[:_MOST_LINES]))
        if len(lines) > _MOST_LINES:
            print(f"... and {counted(len(lines) - _MOST_LINES, 'more line')}; name a subterm.")
    return 0


def _ranked(
    navigator: Navigator, wordings: tuple[tuple[str, float], ...], limit: int
) -> list[Found]:
    best: dict[tuple[str, str], Found] = {}
    for wording, trust in wordings:
        for found in navigator.find(wording, limit):
            one = found._replace(score=round(found.score * trust, 6))
            key = (one.code, one.manifestation)
            if key not in best or one.score > best[key].score:
                best[key] = one
    return sorted(best.values(), key=lambda f: (-f.score, f.term))[:limit]


def _branch_of(store: IndexStore, entries: list[Found], phrase: str) -> Term | None:
    """The term whose subterms are shown: where the best entry in a book with branches stands."""
    wanted = phrase.lower().split(",")[0].strip()
    for found in entries:
        path = store.path(found.term)
        if path[0].book in ("index", "external", "supplement") and path[0].end - path[0].id > 1:
            last = path[-1]
            return last if last.end - last.id > 1 or len(path) == 1 else path[-2]
    for term in store.main_terms():
        if term.title.lower().split(",")[0] == wanted:
            return term
    return None


def _entry_lines(found: Found, store: IndexStore, release: Release) -> list[str]:
    code = found.code + (f" [{found.manifestation}]" if found.manifestation else "")
    lines = [f"{code:18} {found.score:.3f}  {_way(found, store)}"]
    lines += [f"{'':26}by {hop}" for hop in found.hops]
    if title := _title(found, release):
        lines.append(f"{'':26}{title}")
    said = [f"matched {' '.join(found.matched)}"] if found.matched else []
    if found.unmatched:
        said.append(f"not matched {' '.join(found.unmatched)}")
    if found.missing:
        said.append(f"not said {' '.join(found.missing)}")
    said.append(f"sure {found.sure:.2f}, {_BOOK_NAMES[found.book]}")
    lines.append(f"{'':26}{'; '.join(said)}")
    return lines


_BOOK_NAMES = {
    "index": "Index", "external": "External Cause Index", "neoplasm": "Table of Neoplasms",
    "drug": "Table of Drugs and Chemicals", "supplement": "our supplement",
    "title": "title in the Tabular List", "inclusion": "inclusion term",
}  # fmt: skip


def _way(found: Found, store: IndexStore) -> str:
    """The path of an entry with its nonessential modifiers, as the book prints it."""
    steps = [
        f"{step.title}{''.join(f' ({word})' for word in step.nonessential)}"
        for step in store.path(found.term)
    ]
    return " > ".join([*steps, *found.path[len(steps) :]])


def _title(found: Found, release: Release) -> str:
    entry = release.tabular.get(found.code.rstrip("-"))
    return entry.title if entry else ""


def _entry_json(found: Found, store: IndexStore, release: Release) -> dict[str, Any]:
    entry = found._asdict()
    term = store.term(entry.pop("term"))
    return entry | {
        "unsure": found.unsure,
        "title": _title(found, release),
        "nonessential": list(term.nonessential),
        "see": term.see,
        "see_also": term.see_also,
    }


def _term_words(term: Term) -> str:
    modifiers = "".join(f" ({m})" for m in term.nonessential)
    code = f" {term.code}" if term.code else ""
    bracket = f" [{term.manifestation}]" if term.manifestation else ""
    see = f" - see {term.see}" if term.see else ""
    also = f" - see also {term.see_also}" if term.see_also else ""
    return f"{term.title}{modifiers}{see}{also}{code}{bracket}"


def _branch_lines(store: IndexStore, term: Term, levels: int) -> list[str]:
    above = store.path(term.id)[:-1]
    lines = [f"{'  ' * depth}{_term_words(step)}" for depth, step in enumerate((*above, term))]

    def below(parent: Term, depth: int, left: int) -> None:
        for child in store.children(parent.id):
            lines.append(f"{'  ' * depth}{_term_words(child)}")
            if left > 1:
                below(child, depth + 1, left - 1)

    below(term, len(above) + 1, levels)
    return lines


def _term_json(store: IndexStore, term: Term, levels: int) -> dict[str, Any]:
    return {
        "path": [step.title for step in store.path(term.id)],
        "nonessential": list(term.nonessential),
        "code": term.code,
        "manifestation": term.manifestation,
        "see": term.see,
        "see_also": term.see_also,
        "book": term.book,
        "subterms": [_term_json(store, child, levels - 1) for child in store.children(term.id)]
        if levels > 0
        else [],
    }


def _lead_to(code: str, store: IndexStore, release: Release, options: argparse.Namespace) -> int:
    """A code given as a term: the entries that lead to it, or else to the code above it."""
    entry = release.tabular.get(code)
    terms: list[Term] = []
    for length in range(len(code), 2, -1):
        terms = [t for t in store.leading_to(code[:length].rstrip(".")) if t.book != "title"]
        if terms:
            break
    paths = [[step.title for step in store.path(term.id)] for term in terms]
    if options.json:
        title = entry.title if entry else ""
        print_json({"code": code, "title": title, "leading_to": paths})
        return 0
    print(f"{code}  {entry.title if entry else ''}")
    for path, term in zip(paths, terms, strict=True):
        print(f"  {' > '.join(path)}  {term.code}  ({_BOOK_NAMES[term.book]})")
    return 0


def _report(options: argparse.Namespace) -> int:
    """What the index holds, and what of it could not be read or resolved."""
    from collections import Counter

    release = open_named_release(options)
    store = open_index(release)
    pointers = list(store.all_pointers())
    kinds = Counter(p.kind for p in pointers)
    open_ones = [p for p in pointers if p.kind == "none"]
    partial = [p for p in pointers if p.kind != "none" and not p.exact]
    resolved = 1 - len(open_ones) / len(pointers) if pointers else 1.0
    lost = store.lost_codes
    listed: dict[str, list[Any]] = {
        "unresolved": [_pointer_json(store, p) for p in open_ones],
        "partly_resolved": [_pointer_json(store, p) for p in partial],
        "lost_codes": [
            {"path": _titles(store, term), "written": written, "successor": successor}
            for term, written, successor in lost
        ],
        "problems": store.problems,
    }
    report = {
        "release": release.year,
        "index": release.index_kind,
        "terms": dict(store.counts()),
        "pointers": len(pointers),
        "resolved": round(resolved, 5),
        "unresolved_count": len(open_ones),
        "lost_count": len({written for _, written, _ in lost}),
        "by_kind": dict(sorted(kinds.items())),
    }
    if options.json:
        print_json(report | listed)
        return 0
    print(f"Release {release.year}, {release.index_kind} index")
    for book, count in store.counts().items():
        print(f"  {_BOOK_NAMES[book]}: {counted(count, 'term')}")
    print(
        f"{counted(len(pointers), 'cross-reference')}, {resolved:.2%} resolved: "
        + ", ".join(f"{kind} {count:,}" for kind, count in sorted(kinds.items()))
        + f"; {len(open_ones):,} lead nowhere ({1 - resolved:.2%})"
    )
    print(
        f"{counted(len({written for _, written, _ in lost}), 'code')} of the index that the "
        f"Tabular List lacks, in {counted(len(lost), 'entry', 'entries')}"
    )
    for name, rows in listed.items():
        print(f"{name.replace('_', ' ')}: {len(rows):,}")
        for row in rows[:_MOST_LISTED]:
            print(f"  {row if isinstance(row, str) else _row_words(row)}")
        if len(rows) > _MOST_LISTED:
            print(f"  ... and {len(rows) - _MOST_LISTED:,} more; --json lists all.")
    return 0


def _titles(store: IndexStore, number: int) -> list[str]:
    return [step.title for step in store.path(number)]


def _pointer_json(store: IndexStore, pointer: Any) -> dict[str, Any]:
    return {
        "path": _titles(store, pointer.source),
        "text": pointer.text,
        "lands_on": [_titles(store, number) for number in pointer.terms],
        "rest": pointer.rest,
    }


def _row_words(row: dict[str, Any]) -> str:
    path = " > ".join(row["path"])
    if "written" in row:
        return f"{path}: {row['written']} (now {row['successor'] or 'nothing'})"
    lands = "; ".join(" > ".join(p) for p in row["lands_on"])
    return f"{path}: {row['text']}" + (f" (lands on {lands})" if lands else "")
