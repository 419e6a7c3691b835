"""What a maintainer is asked for: the variables that the pod sees, by the names it sees them under."""

from __future__ import annotations

import pytest

from migrate.planning.secrets.worklist import worklist
from tests.estate.test_verdicts import release
from tests.estate.trees import deployment, env, external, scan

INSIDE = "{controllers: {main: {containers: {app: {image: {repository: example.org/x, tag: '1'}, %s}}}}}"
REFERENCE = "{secretKeyRef: {name: db, key: password}}"


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        (deployment(env("db", "TOKEN")), "TOKEN"),
        (deployment("{name: main, image: x/y:1, envFrom: [{secretRef: {name: db}, prefix: X_}]}"), "X_password"),
        (release(INSIDE % f"env: {{TOKEN: {{valueFrom: {REFERENCE}}}}}"), "TOKEN"),
        (release(INSIDE % f"env: [{{name: TOKEN, valueFrom: {REFERENCE}}}]"), "TOKEN"),
        (release(INSIDE % "envFrom: [{secretRef: {name: db}}]"), "password"),
        (release(INSIDE % "envFrom: [{secretRef: {name: db}, prefix: X_}]"), "X_password"),
    ],
)
def test_a_maintainer_is_asked_for_the_variables_that_the_pod_sees(text: str, variable: str) -> None:
    (asked,) = worklist(scan({"all.yaml": external("db") + text}))
    assert f"takes {variable} from its environment only. Let it also take {variable}_FILE, the path" in asked.text
