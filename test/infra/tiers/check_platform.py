"""Strict check of a document against what its platform publishes: Cloud Run's discovery document, KServe's models.

Usage: check_platform.py cloudrun|kserve FILE...   Prints each fault with its path; ends with 1 if there is one.
Both are read as files of packages, since importing those would need half of their dependencies.
"""
import ast
import json
import re
import site
import sys
from pathlib import Path

import yaml

packages = Path(site.getsitepackages()[0])


def check_discovery(schemas, schema, value, path):
    schema = schemas[schema["$ref"]] if "$ref" in schema else schema
    kind = schema["type"]
    if kind == "object":
        if not isinstance(value, dict):
            yield f"{path}: expected an object, got {value!r}"
            return
        for key, member in value.items():
            known = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            if known is None:
                yield f"{path}.{key}: Cloud Run has no such field"
            elif known.get("description", "").startswith("Not supported by Cloud Run"):
                yield f"{path}.{key}: not supported by Cloud Run"
            else:
                yield from check_discovery(schemas, known, member, f"{path}.{key}")
    elif kind == "array":
        if not isinstance(value, list):
            yield f"{path}: expected a list, got {value!r}"
            return
        for index, item in enumerate(value):
            yield from check_discovery(schemas, schema["items"], item, f"{path}[{index}]")
    else:
        expected = {"string": str, "integer": int, "boolean": bool, "number": (int, float)}[kind]
        if not isinstance(value, expected) or (kind == "integer" and isinstance(value, bool)):
            yield f"{path}: expected {kind}, got {value!r}"


def check_cloud_run(document):
    document_path = packages / "googleapiclient/discovery_cache/documents/run.v1.json"
    schemas = json.loads(document_path.read_text())["schemas"]
    yield from check_discovery(schemas, {"$ref": "Service"}, document, "Service")


def read_model(name):
    """Attribute -> type of one of KServe's models; None for what it takes from Kubernetes."""
    file = packages / "kserve/models" / (re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower() + ".py")
    if not file.exists():
        return None
    found = {}
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("openapi_types", "attribute_map"):
            found[node.targets[0].id] = ast.literal_eval(node.value)
    return {key: found["openapi_types"][attribute] for attribute, key in found["attribute_map"].items()}


def check_model(kind, value, path):
    if inner := re.fullmatch(r"list\[(.+)\]", kind):
        if not isinstance(value, list):
            yield f"{path}: expected a list, got {value!r}"
            return
        for index, item in enumerate(value):
            yield from check_model(inner[1], item, f"{path}[{index}]")
    elif kind in ("str", "int", "bool"):
        if type(value).__name__ != kind:
            yield f"{path}: expected {kind}, got {value!r}"
    elif (model := read_model(kind)) is not None and isinstance(value, dict):
        for key, member in value.items():
            if key not in model:
                yield f"{path}.{key}: KServe has no such field"
            else:
                yield from check_model(model[key], member, f"{path}.{key}")


def check_kserve(document):
    yield from check_model("V1beta1InferenceService", document, "InferenceService")


check = {"cloudrun": check_cloud_run, "kserve": check_kserve}[sys.argv[1]]
faults = [f"{file}: {fault}" for file in sys.argv[2:] for fault in check(yaml.safe_load(Path(file).read_text()))]
print("\n".join(faults))
sys.exit(1 if faults else 0)
