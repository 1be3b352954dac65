"""Packaging: content-addressed files, addresses in place of local paths."""

import hashlib

import pytest

from deploy.package import package
from deploy.problem import Problem
from deploy.template import parse
from tests.nest import OUT, stack

TEMPLATES = {path.name: path.read_text() for path in OUT.glob("*.yaml")}


def address(key: str) -> str:
    return f"https://s3.example/bucket/{key}"


def test_every_key_is_the_hash_of_its_file():
    for key, text in package(TEMPLATES, address).files.items():
        assert key == f"templates/{hashlib.sha256(text.encode()).hexdigest()}.yaml"


def test_only_the_addresses_change():
    packed = package(TEMPLATES, address)
    root = parse(packed.files[packed.root], "root")
    assert len(packed.files) == 1 + len(root["Resources"])
    for title, body in root["Resources"].items():
        key = body["Properties"]["TemplateURL"].removeprefix("https://s3.example/bucket/")
        assert packed.files[key] == TEMPLATES[stack("root")["Resources"][title]["Properties"]["TemplateURL"]]
        body["Properties"]["TemplateURL"] = stack("root")["Resources"][title]["Properties"]["TemplateURL"]
    assert root == stack("root")


def test_same_content_same_keys_and_an_edit_moves_the_root_too():
    once, twice = package(TEMPLATES, address), package(dict(reversed(TEMPLATES.items())), address)
    assert once == twice
    edited = package(TEMPLATES | {"data.yaml": TEMPLATES["data.yaml"] + "# edited\n"}, address)
    assert edited.root != once.root
    assert len(set(edited.files) - set(once.files)) == 2


def test_a_missing_file_is_a_problem():
    with pytest.raises(Problem, match=r"out/data\.yaml is missing: run `make build`"):
        package({name: text for name, text in TEMPLATES.items() if name != "data.yaml"}, address)
