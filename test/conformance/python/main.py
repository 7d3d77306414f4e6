"""Asks each case of the table by the Python SDK, and prints each answer as a line of JSON."""

import json
import os
import sys

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

authorization = f"Bearer {os.environ['OFREP_TOKEN']}"
api.set_provider(
    OFREPProvider(os.environ["OFREP_URL"], headers_factory=lambda: {"Authorization": authorization})
)
client = api.get_client()
ask = {
    "boolean": client.get_boolean_details,
    "string": client.get_string_details,
    "integer": client.get_integer_details,
    "float": client.get_float_details,
    "object": client.get_object_details,
}

with open(sys.argv[1], encoding="utf-8") as table:
    cases = json.load(table)["cases"]
for case in cases:
    attributes = dict(case["context"])
    context = EvaluationContext(attributes.pop("targetingKey", None), attributes)
    answer = ask[case["type"]](case["flag"], case["default"], context)
    seen = {
        "name": case["name"],
        "value": answer.value,
        "variant": answer.variant,
        "reason": answer.reason,
        "errorCode": answer.error_code,
    }
    print(json.dumps({name: value for name, value in seen.items() if value is not None}))
