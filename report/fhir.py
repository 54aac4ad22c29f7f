"""A coding as a FHIR R4 bundle: one Condition a code, with its evidence and its place in order.

Source: HL7 FHIR R4 (4.0.1), resources Bundle, Encounter and Condition; code system
``http://hl7.org/fhir/sid/icd-10-cm``. External causes and the like are Conditions too, as R4 has
no other home for a reported diagnosis code.
"""

import json
from pathlib import Path
from typing import Any

from chartcoder import __version__
from chartcoder.agents.values import Assigned, Chart, Coding
from chartcoder.report.page import write_text

ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
_CLASS = {"inpatient": ("IMP", "inpatient encounter"), "outpatient": ("AMB", "ambulatory")}
_EXTENSION = "urn:chartcoder:"


def write_bundle(coding: Coding, chart: Chart, target: Path) -> None:
    """Writes the bundle as JSON.

    Raises:
        BadInput: the file cannot be written.
    """
    write_text(target, json.dumps(bundle(coding, chart), ensure_ascii=False, indent=2) + "\n")


def bundle(coding: Coding, chart: Chart) -> dict[str, Any]:
    """The bundle as a dictionary."""
    encounter_url, patient_url = "urn:uuid:" + _uuid(chart, 0), "urn:uuid:" + _uuid(chart, -1)
    entries = [
        {"fullUrl": patient_url, "resource": _patient(coding)},
        {"fullUrl": encounter_url, "resource": _encounter(coding, chart, patient_url)},
    ]
    entries += [
        {
            "fullUrl": "urn:uuid:" + _uuid(chart, one.sequence),
            "resource": _condition(one, coding, patient_url, encounter_url),
        }
        for one in coding.assigned
    ]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "meta": {"tag": [{"system": _EXTENSION + "version", "code": __version__}]},
        "entry": entries,
    }


def _uuid(chart: Chart, number: int) -> str:
    import uuid

    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"chartcoder:{chart.sha256}:{number}"))


def _patient(coding: Coding) -> dict[str, Any]:
    patient: dict[str, Any] = {"resourceType": "Patient"}
    if coding.encounter.sex:
        patient["gender"] = coding.encounter.sex
    return patient


def _encounter(coding: Coding, chart: Chart, patient: str) -> dict[str, Any]:
    code, display = _CLASS.get(coding.encounter.setting or "", ("AMB", "ambulatory"))
    resource: dict[str, Any] = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": code,
            "display": display,
        },
        "subject": {"reference": patient},
        "diagnosis": [
            {
                "condition": {"reference": "urn:uuid:" + _uuid(chart, one.sequence)},
                "rank": one.sequence,
            }
            for one in coding.assigned
        ],
    }
    if not coding.assigned:
        del resource["diagnosis"]
    if coding.encounter.date:
        resource["period"] = {"start": coding.encounter.date}
    return resource


def _condition(one: Assigned, coding: Coding, patient: str, encounter: str) -> dict[str, Any]:
    version = coding.release.year
    evidence = [
        {
            "url": _EXTENSION + "evidence",
            "extension": [
                {"url": "start", "valueInteger": span.start},
                {"url": "end", "valueInteger": span.end},
                {"url": "text", "valueString": span.text},
            ],
        }
        for span in one.evidence
    ]
    resource: dict[str, Any] = {
        "resourceType": "Condition",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/condition-category",
                        "code": "encounter-diagnosis",
                    }
                ]
            }
        ],
        "code": {
            "coding": [
                {"system": ICD10CM, "version": version, "code": one.code, "display": one.title}
            ],
            "text": one.title,
        },
        "subject": {"reference": patient},
        "encounter": {"reference": encounter},
        "extension": [
            *evidence,
            {"url": _EXTENSION + "index-path", "valueString": " > ".join(one.index_path)},
            {"url": _EXTENSION + "confidence", "valueDecimal": one.confidence},
        ],
    }
    if coding.encounter.date:
        resource["recordedDate"] = coding.encounter.date
    return resource
