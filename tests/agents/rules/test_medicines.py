"""Long-term medicines: taken now, not stopped, short or proposed."""

import pytest

from chartcoder.agents.rules.medicines import find_medicines


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("PMH: T2DM on Lantus and Jardiance.", {"Z79.4", "Z79.84"}),
        ("Type 2 diabetes on basal-bolus insulin and metformin.", {"Z79.4", "Z79.84"}),
        ("She has taken methotrexate 15 mg once a week for four years.", {"Z79.631"}),
        ("MEDS: T2DM, glargine 20u qhs\n   metformin -- STOPPED 2/2026", {"Z79.4"}),
        ("PMH: T2DM. MEDS AT TRANSFER: correction insulin.", set()),
        ("PLAN: We discussed endoscopic surgery, and also dupilumab.", set()),
        ("PLAN: Start a combined oral contraceptive.", set()),
        ("He has never taken amiodarone or methotrexate.", set()),
        ("Progesterone receptor positive.", set()),
        ("PLAN: prednisone 40 mg daily x 5 days.", set()),
        ("Warfarin was stopped last year after a bleed.", set()),
    ],
)
def test_medicines_taken_long_term(read, text: str, codes: set[str]) -> None:  # type: ignore[no-untyped-def]
    assert {t.code for t in find_medicines(read(text))} == codes
