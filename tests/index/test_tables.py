"""Which column of which table a phrase asks for (I.C.2, I.C.19.e)."""

import pytest

from chartcoder.index.tables import read_asks


@pytest.mark.parametrize(
    ("phrase", "asks"),
    [
        ("breast cancer", [(2, "breast")]),
        ("Malignant neoplasm of liver", [(2, "liver")]),
        ("metastasis to liver", [(3, "liver")]),
        ("brain mets", [(3, "brain")]),
        ("metastatic breast cancer", [(2, "breast")]),
        ("breast cancer metastatic to bone and liver", [(3, "bone"), (3, "liver"), (2, "breast")]),
        ("lung cancer with brain metastases", [(3, "brain"), (2, "lung")]),
        ("carcinoma in situ of cervix", [(4, "cervix")]),
        ("benign neoplasm of colon", [(5, "colon")]),
        ("neoplasm of uncertain behavior of skin", [(6, "skin")]),
        ("tumor of kidney", [(7, "kidney")]),
        ("benign prostatic hyperplasia", []),
        ("pneumonia", []),
    ],
)
def test_tables_neoplasms_by_site_and_behaviour(phrase: str, asks: list[tuple[int, str]]) -> None:
    assert [(a.column, a.place) for a in read_asks(phrase) if a.table == "neoplasm"] == asks


@pytest.mark.parametrize(
    ("phrase", "column", "place"),
    [
        ("underdosing of warfarin", 7, "warfarin"),
        ("adverse effect of penicillin", 6, "penicillin"),
        ("overdose of acetaminophen", 2, "acetaminophen"),
        ("acetaminophen overdose, suicide attempt", 3, "acetaminophen"),
        ("poisoning by digoxin, undetermined", 5, "digoxin"),
        ("poisoning by ethylene glycol, assault", 4, "ethylene glycol"),
    ],
)
def test_tables_drugs_by_substance_and_intent(phrase: str, column: int, place: str) -> None:
    (ask,) = read_asks(phrase)
    assert (ask.table, ask.column, ask.place) == ("drug", column, place)


def test_tables_an_intent_without_a_substance_asks_nothing() -> None:
    assert read_asks("poisoning") == []
