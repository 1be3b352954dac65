"""The OpenAPI document is true: schemathesis makes requests from it, good and bad ones, and judges the answers."""

from collections import Counter
from urllib.parse import urlsplit

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

ACCEPTED = ["2xx", "304", "404", "412"]
# What a schema cannot say: which cursors there are and that search has its own orders; that a key is new. For DELETE
# the tool makes one If-Match of its own that does not have the header's pattern.
BEYOND_THE_SCHEMA = {"GET /entries": "400", "POST /entries": "422", "DELETE /entries/{id}": "400"}
CONFIG = {
    "seed": 1,
    "generation": {"max-examples": 20, "database": "none", "no-shrink": True},
    "checks": {
        "positive_data_acceptance": {"expected-statuses": ACCEPTED},
        "missing_required_header": {"expected-statuses": ["428"]},
    },
    "operations": [
        {"include-name": name, "checks": {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, status]}}}
        for name, status in BEYOND_THE_SCHEMA.items()
    ],
}
CHECKS = {
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "use_after_free",
    "ensure_resource_availability",
}


def was_restored(recorder, case) -> bool:
    """Whether the entry that a case uses had come back from its deletion: the tool does not know that one can."""
    address = urlsplit(recorder.interactions[case].request.uri).path
    last = ""
    for other, interaction in recorder.interactions.items():
        if other == case:
            break
        path = urlsplit(interaction.request.uri).path
        came_or_went = path == f"{address}/restore" or (path == address and interaction.request.method == "DELETE")
        if came_or_went and interaction.response is not None and interaction.response.status_code < 300:
            last = path
    return last == f"{address}/restore"


@pytest.mark.slow
def test_every_answer_is_as_the_document_says(each_app):
    schema = schemathesis.openapi.from_wsgi(
        "/api/v1/openapi.json", each_app, config=SchemathesisConfig.from_dict(CONFIG)
    )
    failures, passed, answers = [], Counter(), Counter()
    for event in from_schema(schema).execute():
        assert not isinstance(event, events.NonFatalError | events.FatalError), event
        if not isinstance(event, events.ScenarioFinished):
            continue
        for case, checks in event.recorder.checks.items():
            failures += [
                (check.failure_info.failure, check.failure_info.code_sample)
                for check in checks
                if check.failure_info and not (check.name == "use_after_free" and was_restored(event.recorder, case))
            ]
            passed.update(check.name for check in checks if not check.failure_info)
        for interaction in event.recorder.interactions.values():
            answers[interaction.request.method, interaction.response.status_code] += 1
    assert not failures, "\n\n".join(f"{failure.operation}: {failure}\n{sample[:1000]}" for failure, sample in failures)
    assert set(passed) >= CHECKS
    done = {("GET", 200), ("POST", 201), ("POST", 200), ("PUT", 200), ("PATCH", 200), ("DELETE", 204)}
    refused = {("PUT", 412), ("PUT", 428), ("POST", 415), ("POST", 422), ("GET", 400), ("GET", 404)}
    assert set(answers) >= done | refused, "else little was tried"


def test_document_describes_every_route(app):
    document = app.test_client().get("/api/v1/openapi.json").json
    described = {
        (path, method.upper()) for path, item in document["paths"].items() for method in item if method != "parameters"
    }
    routes = {
        (rule.rule.removeprefix("/api/v1").replace("<id:entry_id>", "{id}"), method)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/entries")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert described == routes


def test_document_has_a_readable_page(app):
    document = app.test_client().get("/api/v1/openapi.json").json
    page = app.test_client().get("/api/v1/docs")
    assert page.mimetype == "text/html"
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                assert f"<code>{method.upper()} /api/v1{path}</code>" in page.text
                assert f"<h2>{operation['summary']}</h2>" in page.text
    assert page.text.count('<a href="#EntryFields">') == page.text.count('<a href="#EntryPatch">') == 1
    for name in document["components"]["schemas"]:
        assert f'<section id="{name}">' in page.text
    for forbidden in ("<script>", "<style", " style=", "{{", "`"):
        assert forbidden not in page.text
