"""The OpenAPI document as a page for people: plain HTML, written here, so that no third party's script is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

JSON = dict[str, Any]
_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>matcalc – HTTP API</title>
<link rel="icon" href="static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="static/style.css">
</head>
<body class="reference">
<header class="top">
<a class="brand" href="./"><span aria-hidden="true">∂</span> matcalc</a>
<nav aria-label="Site"><a href="./">Page</a> <a href="openapi.json">OpenAPI</a></nav>
</header>
<main>
<h1>HTTP API</h1>
<p class="lead">JSON in, JSON out. A mistake comes back as a problem (RFC 9457) that says what is wrong, where in
the text, and what was probably meant.</p>
"""


def reference(document: JSON) -> str:
    """The page for an OpenAPI document."""
    return _HEAD + "".join(_parts(document)) + "</main>\n</body>\n</html>\n"


def _parts(document: JSON) -> Iterator[str]:
    operations = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    yield '<nav aria-label="Routes"><ul class="routes">'
    for method, path, operation in operations:
        summary = escape(operation.get("description", ""))
        link = f'<a href="#{_anchor(method, path)}"><code>{method} {escape(path)}</code></a>'
        yield f"<li>{link} <span>{summary}</span></li>\n"
    yield "</ul></nav>\n"
    for method, path, operation in operations:
        yield from _operation(method, path, operation)
    yield "<h2>Forms</h2>\n"
    for name, schema in document["components"]["schemas"].items():
        yield from _schema(name, schema)


def _anchor(method: str, path: str) -> str:
    return method.lower() + path.replace("/", "-")


def _operation(method: str, path: str, operation: JSON) -> Iterator[str]:
    yield f'<section class="card"><h2 id="{_anchor(method, path)}"><code>{method} {escape(path)}</code></h2>\n'
    yield f"<p>{escape(operation.get('description', ''))}</p>\n"
    media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if media:
        yield f"<p>takes {_type(media['schema'])}</p>\n"
    for example in media.get("examples", {}).values():
        body = json.dumps(example["value"], ensure_ascii=False)
        curl = f"curl -s http://127.0.0.1:8000{path} -H 'Content-Type: application/json' \\\n  -d {_quoted(body)}"
        yield f"<details><summary>{escape(example['summary'])}</summary>"
        yield f'<pre tabindex="0">{escape(curl)}</pre></details>\n'
    yield "<table><thead><tr><th>status</th><th>answer</th><th>when</th></tr></thead><tbody>\n"
    for status, response in sorted(operation["responses"].items()):
        forms = ", ".join(_type(content["schema"]) for content in response.get("content", {}).values())
        yield f"<tr><td>{status}</td><td>{forms}</td><td>{escape(response.get('description', ''))}</td></tr>\n"
    yield "</tbody></table></section>\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _schema(name: str, schema: JSON) -> Iterator[str]:
    yield f'<section class="card"><h3 id="{escape(name)}">{escape(name)}</h3>\n'
    yield f"<p>{escape(schema.get('description', ''))}</p>\n"
    needed = set(schema.get("required", ()))
    yield '<div class="wide" tabindex="0" role="group" aria-label="Fields"><table>'
    yield "<thead><tr><th>field</th><th>form</th><th>meaning</th></tr></thead><tbody>\n"
    for field, form in schema.get("properties", {}).items():
        words = escape(form.get("description", ""))
        if field not in needed and "default" in form:
            words += f" <i>default</i> <code>{escape(json.dumps(form['default']))}</code>"
        yield f"<tr><td><code>{escape(field)}</code></td><td>{_type(form)}</td><td>{words}</td></tr>\n"
    yield "</tbody></table></div></section>\n"


def _type(schema: JSON) -> str:
    """The form of a value, in words."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(_type, schema["anyOf"])))
    if "enum" in schema:
        return " or ".join(f"<code>{escape(json.dumps(value))}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    kind = schema.get("type", "any value")
    if kind == "array":
        items = schema.get("prefixItems")
        return (
            "[" + ", ".join(map(_type, items)) + "]" if items else f"list of {_type(schema.get('items', {}))}"
        )
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"by name: {_type(schema['additionalProperties'])}"
    return {"string": "text", "boolean": "true or false"}.get(kind, escape(str(kind)))
