"""Facts about Apple's API and reports, which the tests compare emulator and catalogue with.

`api.json` has each endpoint with its query parameters (a list: the values allowed; a number: the
greatest; else the type), the schema of its body, and the schema of each answer. `reports.json` has
the reports whose columns are known, and all names that Apple's listings had.
"""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ORIGINALS = HERE.parents[2] / "shared" / "apple"
"""Where the descriptions may lie from which the facts were taken, beside the checkout."""
HOST = "https://api.appstoreconnect.apple.com"
_VERBS = ("get", "post", "patch", "delete")
_PROSE = {"title", "description", "deprecated", "summary", "example"}
_REFERENCE = "#/components/schemas/"


def known(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def api_of(document: dict[str, Any]) -> dict[str, Any]:
    """The facts in Apple's OpenAPI document, without the resources that an app can include."""
    endpoints = {
        f"{verb.upper()} {path}": _endpoint(item[verb])
        for path, item in document["paths"].items()
        for verb in _VERBS
        if verb in item
    }
    schemas = {
        name: _without_prose(schema) for name, schema in document["components"]["schemas"].items()
    }
    for name in ("AppResponse", "AppsResponse"):
        schemas[name]["properties"].pop("included", None)
    needed = _reachable(endpoints, schemas)
    return {"endpoints": endpoints, "schemas": {name: schemas[name] for name in sorted(needed)}}


def _endpoint(operation: dict[str, Any]) -> dict[str, Any]:
    query = {
        each["name"]: _allowed(each["schema"])
        for each in operation.get("parameters", [])
        if each["in"] == "query"
    }
    answers = {status: _schema_name(each) for status, each in operation["responses"].items()}
    found: dict[str, Any] = {"query": query, "answers": dict(sorted(answers.items()))}
    if body := operation.get("requestBody"):
        found["body"] = _schema_name(body)
    return found


def _allowed(schema: dict[str, Any]) -> Any:
    if schema["type"] == "array":
        return schema["items"].get("enum", "texts")
    return schema.get("maximum", schema["type"])


def _schema_name(content: dict[str, Any]) -> str | None:
    """None for an answer without a body."""
    if "content" not in content:
        return None
    reference: str = content["content"]["application/json"]["schema"]["$ref"]
    return reference.removeprefix(_REFERENCE)


def _without_prose(value: Any) -> Any:
    """One `"format": null` goes too, which strict validators refuse."""
    if isinstance(value, list):
        return [_without_prose(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: {key: _without_prose(each) for key, each in item.items()}
        if name == "properties"
        else _without_prose(item)
        for name, item in value.items()
        if name not in _PROSE and not (name == "format" and item is None)
    }


def _reachable(endpoints: dict[str, Any], schemas: dict[str, Any]) -> set[str]:
    waiting = {
        name
        for each in endpoints.values()
        for name in (*each["answers"].values(), each.get("body"))
        if name
    }
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        found.add(name)
        text = json.dumps(schemas[name])
        waiting |= {each for each in schemas if f'"{_REFERENCE}{each}"' in text} - found
    return found


def openapi_of(api: dict[str, Any]) -> dict[str, Any]:
    """The facts as an OpenAPI document."""
    paths: dict[str, Any] = {}
    for name, endpoint in api["endpoints"].items():
        verb, path = name.split()
        item = paths.setdefault(path, {})
        if "{id}" in path:
            item["parameters"] = [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
            ]
        item[verb.lower()] = _operation(endpoint)
    return {
        "openapi": "3.0.1",
        "info": {"title": "App Store Connect API", "version": "1"},
        "servers": [{"url": HOST}],
        "paths": paths,
        "components": {"schemas": api["schemas"]},
    }


def _operation(endpoint: dict[str, Any]) -> dict[str, Any]:
    query = [
        {"name": name, "in": "query", "schema": _schema(allowed), "style": "form", "explode": False}
        for name, allowed in endpoint["query"].items()
    ]
    answers = {
        status: {"description": status, **(_content(name) if name else {})}
        for status, name in endpoint["answers"].items()
    }
    operation = {"parameters": query, "responses": answers}
    if body := endpoint.get("body"):
        operation["requestBody"] = {**_content(body), "required": True}
    return operation


def _schema(allowed: Any) -> dict[str, Any]:
    if isinstance(allowed, list):
        return {"type": "array", "items": {"type": "string", "enum": allowed}}
    if isinstance(allowed, int):
        return {"type": "integer", "maximum": allowed}
    if allowed == "texts":
        return {"type": "array", "items": {"type": "string"}}
    return {"type": allowed}


def _content(name: str) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": {"$ref": f"{_REFERENCE}{name}"}}}}


def reports_of(described: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    """The facts about reports. `header` is the first line of a file, where one was seen."""
    return {
        "reports": {name: _report(each) for name, each in described.items()},
        "type_numbers": {n: v for n, v in names["type_numbers"].items() if n != "_"},
        "names": names["by_category"],
    }


def _report(described: dict[str, Any]) -> dict[str, Any]:
    lag = "".join(character for character in described["completeness"] if character.isdigit())
    found = {name: described[name] for name in ("category", "date_column", "columns")}
    found |= {"lag_days": int(lag or "0"), "types": described.get("types", {})}
    if header := described.get("live_header"):
        found["header"] = header if isinstance(header, list) else header["columns"]
    return found
