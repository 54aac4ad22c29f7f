"""A coding as a page, as FHIR, as tables."""
