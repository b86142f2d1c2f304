"""Validates recorded requests and answers against the facts about Apple's API."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

from tests.apple.facts import HOST, known, openapi_of
from tests.emulator import Exchange
from tests.emulator.sabotage import UNDESCRIBED

PAGING = frozenset({"cursor"})
"""Parameters that come from Apple's own `links.next` and are not described."""


def judge(exchanges: Iterable[Exchange], *, requests: bool = True, answers: bool = True) -> None:
    """Raises AssertionError for the first exchange that Apple's description does not allow.

    `requests=False` is for tests that ask wrongly on purpose. Answers that a fault spoilt are not
    judged, their requests are.
    """
    for exchange in exchanges:
        if requests:
            _judge_request(exchange)
        if answers and exchange.fault not in UNDESCRIBED:
            _judge_answer(exchange)


def described_parameters(method: str, template: str) -> dict[str, Mapping[str, Any]]:
    """The schema of every query parameter of an endpoint, by name."""
    operation = _document()["paths"][template][method.lower()]
    return {
        parameter["name"]: parameter["schema"]
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query"
    }


def described_templates() -> dict[str, frozenset[str]]:
    """Every described path with its methods in upper case."""
    verbs = ("get", "post", "patch", "delete")
    return {
        template: frozenset(verb.upper() for verb in verbs if verb in item)
        for template, item in _document()["paths"].items()
    }


def _judge_request(exchange: Exchange) -> None:
    template = _template(exchange)
    known = described_parameters(exchange.method, template)
    if unknown := exchange.query.keys() - known.keys() - PAGING:
        raise AssertionError(f"{_name(exchange)}: no parameter is called {sorted(unknown)}")
    try:
        _openapi().validate_request(_request(exchange))
    except OpenAPIError as error:
        raise AssertionError(f"{_name(exchange)}: request: {_reasons(error)}") from error


def _judge_answer(exchange: Exchange) -> None:
    _template(exchange)
    answer = MockResponse(
        data=exchange.response_body,
        status_code=exchange.status,
        content_type=exchange.content_type or "",
    )
    try:
        _openapi().validate_response(_request(exchange), answer)
    except OpenAPIError as error:
        raise AssertionError(
            f"{_name(exchange)}: answer {exchange.status}: {_reasons(error)}"
        ) from error


def _request(exchange: Exchange) -> MockRequest:
    return MockRequest(
        HOST,
        exchange.method.lower(),
        exchange.path,
        args={name: value for name, value in exchange.query.items() if name not in PAGING},
        headers=exchange.headers,
        data=exchange.request_body or None,
        content_type=exchange.headers.get("Content-Type", "application/json"),
    )


def _template(exchange: Exchange) -> str:
    for template, verbs in described_templates().items():
        pattern = re.escape(template).replace(r"\{id\}", "[^/]+")
        if re.fullmatch(pattern, exchange.path) and exchange.method in verbs:
            return template
    raise AssertionError(f"{_name(exchange)}: no such endpoint is described")


def _name(exchange: Exchange) -> str:
    return f"{exchange.method} {exchange.path}"


def _reasons(error: BaseException) -> str:
    parts = [str(error)]
    parts += [str(inner) for inner in getattr(error.__cause__, "schema_errors", ())]
    if error.__cause__ is not None:
        parts.insert(1, str(error.__cause__))
    return "; ".join(parts)


@cache
def _document() -> dict[str, Any]:
    return openapi_of(known("api"))


@cache
def _openapi() -> OpenAPI:
    return OpenAPI.from_dict(_document())
