import re
from html import unescape

from chartcoder.agents.values import Chart, Encounter
from chartcoder.graph.context import Context
from chartcoder.graph.pipeline import code_chart
from chartcoder.report.fhir import ICD10CM, bundle
from chartcoder.report.page import page
from chartcoder.tabular.release import Release

TEXT = "ASSESSMENT\n1. Hypothyroidism <TSH & T4>.\n2. Gout.\n"
CHART = Chart(id="visit", text=TEXT, encounter=Encounter(setting="outpatient", date="2026-03-01"))


def test_page_shows_the_chart_whole_with_evidence_marked(bundled: Release) -> None:
    coding = code_chart(CHART, context=Context(release="bundled"))
    html = page(coding, CHART)
    shown = re.search(r'<pre id="chart">(.*?)</pre>', html, re.DOTALL)
    assert shown
    assert unescape(re.sub(r"</?mark[^>]*>", "", shown.group(1))) == TEXT
    marked = [unescape(m) for m in re.findall(r"<mark[^>]*>(.*?)</mark>", shown.group(1))]
    assert "Gout" in marked
    assert "<TSH" not in html
    assert not re.search(r'(?:src|href)="', html)


def test_fhir_bundle_names_each_code_once_in_order(bundled: Release) -> None:
    coding = code_chart(CHART, context=Context(release="bundled"))
    data = bundle(coding, CHART)
    conditions = [
        e["resource"] for e in data["entry"] if e["resource"]["resourceType"] == "Condition"
    ]
    codes = [c["code"]["coding"][0] for c in conditions]
    assert [c["code"] for c in codes] == [a.code for a in coding.assigned]
    assert {c["system"] for c in codes} == {ICD10CM}
    encounter = next(
        e["resource"] for e in data["entry"] if e["resource"]["resourceType"] == "Encounter"
    )
    urls = {e["fullUrl"] for e in data["entry"]}
    assert all(d["condition"]["reference"] in urls for d in encounter["diagnosis"])
    assert data == bundle(coding, CHART)
