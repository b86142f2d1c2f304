"""The facts that other tests rely on are Apple's."""

import json
from typing import Any

from openapi_core import OpenAPI

from tests.apple.facts import ORIGINALS, api_of, known, openapi_of, reports_of


def original(name: str) -> Any:
    return json.loads((ORIGINALS / name).read_text(encoding="utf-8"))


def test_api() -> None:
    """The facts make a description, and lose nothing on the way there and back. They are those of
    Apple's own description, where that lies beside the checkout.
    """
    facts = known("api")
    document = openapi_of(facts)
    OpenAPI.from_dict(document).check_spec()

    assert facts == api_of(document)
    if ORIGINALS.exists():
        assert facts == api_of(original("openapi_analytics.json"))


def test_reports() -> None:
    """Each report has columns, its date among them; as in the originals, where they are there."""
    facts = known("reports")

    assert 27 == len(facts["reports"])
    assert [] == [n for n, e in facts["reports"].items() if e["date_column"] not in e["columns"]]
    if ORIGINALS.exists():
        names = original("report_names.json")
        assert facts == reports_of(original("report_schemas.json"), names)
