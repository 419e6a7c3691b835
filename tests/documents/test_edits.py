"""What an edit does to a file: its own lines, nothing else, or a refusal that says why."""

from __future__ import annotations

import pytest

from migrate.documents.apply import apply_edits
from migrate.documents.edits import (
    AddDocument,
    AddKey,
    AppendItem,
    CannotEdit,
    Edit,
    InsertItem,
    RemoveDocument,
    RemoveItem,
    RemoveKey,
    SetScalar,
    change,
    change_all,
)
from migrate.documents.reader import load_all

DEPLOYMENT = b"""\
# yaml-language-server: $schema=https://example.com/deployment.json
---
apiVersion: apps/v1
kind: Deployment # the app
metadata:
  name: app
  annotations:
    example.com/note: "one" # {"$imagepolicy": "flux-system:app:tag"}
    # the end of the annotations

spec:
  template:
    metadata: {}
    spec:
      volumes:
      containers:
      - name: app
        image: app:1.0 # {"$imagepolicy": "flux-system:app"}
        args: ["serve", "--port=80"]
        env:
          - {name: MODE, value: prod}
      - name: sidecar
        command:
        - sh
        - -c
        - |
          echo hello

          exec sleep 1d

---
kind: Service
spec: {ports: [{port: 80}]}
"""
CONTAINERS = ("spec", "template", "spec", "containers")
ANNOTATIONS = ("metadata", "annotations")


def lines(before: bytes, after: bytes) -> tuple[list[bytes], list[bytes]]:
    """The lines that went and the lines that came, between what both begin and end with."""
    old, new = before.split(b"\n"), after.split(b"\n")
    while old and new and old[0] == new[0]:
        old, new = old[1:], new[1:]
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    return old, new


@pytest.mark.parametrize(
    ("edit", "gone", "come"),
    [
        (SetScalar(("kind",), "StatefulSet"), ["kind: Deployment # the app"], ["kind: StatefulSet # the app"]),
        (SetScalar(("kind",), "yes"), ["kind: Deployment # the app"], ['kind: "yes" # the app']),
        (
            SetScalar(("metadata", "annotations", "example.com/note"), "two"),
            ['    example.com/note: "one" # {"$imagepolicy": "flux-system:app:tag"}'],
            ['    example.com/note: "two" # {"$imagepolicy": "flux-system:app:tag"}'],
        ),
        (
            SetScalar((*CONTAINERS, 0, "image"), "a\nb\n"),
            ['        image: app:1.0 # {"$imagepolicy": "flux-system:app"}'],
            ['        image: | # {"$imagepolicy": "flux-system:app"}', "          a", "          b"],
        ),
        (
            SetScalar((*CONTAINERS, 1, "command", 2), "exec sleep 2d"),
            ["        - |", "          echo hello", "", "          exec sleep 1d"],
            ["        - exec sleep 2d"],
        ),
        (
            SetScalar((*CONTAINERS, 1, "command", 2), "one\ntwo"),
            ["        - |", "          echo hello", "", "          exec sleep 1d"],
            ["        - |-", "          one", "          two"],
        ),
        (
            AddKey(("metadata", "annotations"), "vault.hashicorp.com/agent-inject", "true"),
            [],
            ['    vault.hashicorp.com/agent-inject: "true"'],
        ),
        (AddKey(("metadata",), "labels", {"a": "b"}), [], ["  labels:", "    a: b"]),
        (
            AddKey(("spec", "template", "metadata", "annotations"), "mode", "0440"),
            ["    metadata: {}"],
            ["    metadata:", "      annotations:", '        mode: "0440"'],
        ),
        (
            AddKey((*CONTAINERS, 0, "env", 0), "x", "a, b"),
            ["          - {name: MODE, value: prod}"],
            ['          - {name: MODE, value: prod, x: "a, b"}'],
        ),
        (
            AddKey((*CONTAINERS, 1), "script", '{{- with secret "a" }}\n  x: {{ .Data }}\n{{ end }}'),
            [],
            [
                "        script: |-",
                '          {{- with secret "a" }}',
                "            x: {{ .Data }}",
                "          {{ end }}",
            ],
        ),
        (
            AppendItem(("spec", "template", "spec", "volumes"), {"name": "v", "emptyDir": {}}),
            [],
            ["      - name: v", "        emptyDir: {}"],
        ),
        (
            AppendItem(CONTAINERS, {"name": "new", "args": ["a", "yes"]}),
            [],
            ["      - name: new", "        args:", "        - a", '        - "yes"'],
        ),
        (
            AppendItem((*CONTAINERS, 0, "args"), "--v"),
            ['        args: ["serve", "--port=80"]'],
            ['        args: ["serve", "--port=80", "--v"]'],
        ),
        (AppendItem((*CONTAINERS, 0, "ports"), 80), [], ["        ports:", "        - 80"]),
        (RemoveKey((*CONTAINERS, 0, "args")), ['        args: ["serve", "--port=80"]'], []),
        (
            RemoveKey((*CONTAINERS, 0, "name")),
            ["      - name: app", '        image: app:1.0 # {"$imagepolicy": "flux-system:app"}'],
            ['      - image: app:1.0 # {"$imagepolicy": "flux-system:app"}'],
        ),
        (
            RemoveKey(("metadata", "annotations", "example.com/note")),
            ["  annotations:", '    example.com/note: "one" # {"$imagepolicy": "flux-system:app:tag"}'],
            ["  annotations: {}"],
        ),
        (
            RemoveItem((*CONTAINERS, 0, "env"), {"name": "MODE"}),
            ["        env:", "          - {name: MODE, value: prod}"],
            ["        env: []"],
        ),
        (
            RemoveItem((*CONTAINERS, 0, "args"), "serve"),
            ['        args: ["serve", "--port=80"]'],
            ['        args: ["--port=80"]'],
        ),
        (
            RemoveItem((*CONTAINERS, 1, "command"), "-c"),
            ["        - -c"],
            [],
        ),
    ],
)
def test_an_edit_changes_its_own_lines_only(edit: Edit, gone: list[str], come: list[str]) -> None:
    result = apply_edits(DEPLOYMENT, 0, [edit])

    assert lines(DEPLOYMENT, result) == ([line.encode() for line in gone], [line.encode() for line in come])


def test_edits_build_on_one_another() -> None:
    edits: list[Edit] = [
        AddKey(("spec", "template", "metadata"), "annotations", {"a": "1"}),
        AddKey(("spec", "template", "metadata", "annotations"), "b", "2"),
        SetScalar(("spec", "template", "metadata", "annotations", "a"), "3"),
    ]

    result = apply_edits(DEPLOYMENT, 0, edits)

    assert lines(DEPLOYMENT, result)[1] == [
        b"    metadata:",
        b"      annotations:",
        b'        a: "3"',
        b'        b: "2"',
    ]
    before = {found.index: found.value for found in load_all(DEPLOYMENT)}
    assert [found.value for found in load_all(result)] == [change_all(before[0], edits), before[1]]


def test_a_document_is_removed_with_its_separator() -> None:
    assert apply_edits(DEPLOYMENT, 1, [RemoveDocument()]) == DEPLOYMENT[: DEPLOYMENT.index(b"---\nkind: Service")]
    assert apply_edits(b"# head\na: 1\n---\nb: 2\n", 0, [RemoveDocument()]) == b"# head\n---\nb: 2\n"


def test_the_same_value_again_changes_nothing() -> None:
    assert apply_edits(b"a:   'x'  # c\n", 0, [SetScalar(("a",), "x")]) == b"a:   'x'  # c\n"


@pytest.mark.parametrize(
    ("source", "edit", "result"),
    [
        (b"a: 1\r\nb: 2\r\n", AddKey((), "c", {"d": "x\ny\n"}), b"a: 1\r\nb: 2\r\nc:\r\n  d: |\r\n    x\r\n    y\r\n"),
        (b"\xef\xbb\xbfa: 1\n", SetScalar(("a",), 2), b"\xef\xbb\xbfa: 2\n"),
        ("a: 1\n".encode("utf-16"), SetScalar(("a",), "é"), 'a: "é"\n'.encode("utf-16")),
        (b"a: 1", AddKey((), "b", 2), b"a: 1\nb: 2"),
        (b"a:\n- 1", AppendItem(("a",), 2), b"a:\n- 1\n- 2"),
        (b"a: 1\nb: 2", RemoveKey(("b",)), b"a: 1"),
        (b"a: 1\nb: |\n  x", AddKey((), "c", 2), b"a: 1\nc: 2\nb: |\n  x"),
        (b"a: 1\nb: |+\n  x\n\n", AddKey((), "c", 2), b"a: 1\nb: |+\n  x\n\nc: 2\n"),
        (b"a: |\n  x\n\n\n# c\n", AddKey((), "b", 2), b"a: |\n  x\nb: 2\n\n\n# c\n"),
        (b"a:\n   b:\n      c: 1\n", AddKey(("a",), "d", {"e": 1}), b"a:\n   b:\n      c: 1\n   d:\n      e: 1\n"),
        (b"a:\n-   b: 1\n", AppendItem(("a",), {"b": 2, "c": 3}), b"a:\n-   b: 1\n-   b: 2\n    c: 3\n"),
        (b"a:\n- 1\n# two\n- 2\n", InsertItem(("a",), 2, "x"), b"a:\n- 1\n- x\n# two\n- 2\n"),
        (b"a:\n  - 1 # one\n  - 2", InsertItem(("a",), 1, 0), b"a:\n  - 0\n  - 1 # one\n  - 2"),
        (b"a:\r\n- 1\r\n- 2\r\n", InsertItem(("a",), 2, {"b": 1}), b"a:\r\n- 1\r\n- b: 1\r\n- 2\r\n"),
        (b"- - a\n  - b\n", InsertItem((0,), "a", "x"), b"- - x\n  - a\n  - b\n"),
        (b"a: [1, 2]\n", InsertItem(("a",), 2, "x"), b"a: [1, x, 2]\n"),
        (b"a: # c\nb: 1\n", AddKey(("a",), "x", 1), b"a: # c\n  x: 1\nb: 1\n"),
        (b"a: ~ # c\nb: 1\n", AddKey(("a",), "x", 1), b"a: # c\n  x: 1\nb: 1\n"),
        (b"a: []  # c\nb: 1\n", AppendItem(("a",), "x"), b"a:  # c\n  - x\nb: 1\n"),
        (b"a: {\n}\n", AddKey(("a",), "x", 1), b"a: {x: 1\n}\n"),
        (b"a: {b: 1,}\n", AddKey(("a",), "x", 1), b"a: {b: 1, x: 1,}\n"),
        (b'{\n  "a": 1, "b": 2\n}\n', AddKey((), "c", ["x"]), b'{\n  "a": 1, "b": 2, "c": ["x"]\n}\n'),
        (b'{\n  "a": 1,\n  "b": 2\n}\n', AddKey((), "c", "x"), b'{\n  "a": 1,\n  "b": 2,\n  "c": "x"\n}\n'),
        (b"{a: 1,\n b: 2, # two\n}\n", AddKey((), "c", 3), b"{a: 1,\n b: 2, # two\n c: 3,\n}\n"),
        (b"{a: 1,\n b: 2 # two\n}\n", AddKey((), "c", 3), b"{a: 1,\n b: 2, # two\n c: 3\n}\n"),
        (b"a: {b: 1, c: 2}\n", RemoveKey(("a", "b")), b"a: {c: 2}\n"),
        (b"a: {b: 1, c: 2}\n", RemoveKey(("a", "c")), b"a: {b: 1}\n"),
        (b"a: [b]\n", RemoveItem(("a",), "b"), b"a: []\n"),
        (b"- - a\n  - b\n", RemoveItem((0,), "a"), b"- - b\n"),
        (b"a:\n  - b: 1\n", RemoveKey(("a", 0, "b")), b"a:\n  - {}\n"),
        (b"a: 1\n", RemoveKey(("a",)), b"{}\n"),
        (b"a: 'x y\n  z' # c\n", SetScalar(("a",), "b"), b"a: 'b' # c\n"),
        (b"a: # c\n", SetScalar(("a",), "b"), b"a: b # c\n"),
        (b"a: |\n  x\n", SetScalar(("a",), "b"), b"a: b\n"),
        (b"a: !!str 5\n", SetScalar(("a",), "6"), b'a: "6"\n'),
        (b"a:\n  b: 1\n# about c\nc: 2\n", AddKey(("a",), "x", 1), b"a:\n  b: 1\n  x: 1\n# about c\nc: 2\n"),
        (b"a: x\xc2\x85b: 1\n", AddKey((), "c", 1), b"a: x\xc2\x85b: 1\nc: 1\n"),
    ],
)
def test_files_of_every_shape(source: bytes, edit: Edit, result: bytes) -> None:
    assert apply_edits(source, 0, [edit]) == result


@pytest.mark.parametrize(
    ("source", "edit", "reason"),
    [
        (b"x: &x {b: 1}\na: *x\n", AddKey(("a",), "c", 1), "alias"),
        (b"a: &x {b: 1}\nc: *x\n", AddKey(("a",), "c", 1), "anchor"),
        (b"a: &x 1\nc: *x\n", SetScalar(("a",), 2), "anchor"),
        (b"a: &x {b: {c: 1}}\n", SetScalar(("a", "b", "c"), 2), "anchor"),
        (b"a: &x 1\nc: *x\n", RemoveKey(("a",)), "anchor"),
        (b"a: {b: &x 1}\nc: *x\n", RemoveKey(("a",)), "alias"),
        (b"? a\n: 1\n", SetScalar(("a",), 2), "?"),
        (b"x: &x {b: 1}\na:\n  <<: *x\n  c: 1\n", AddKey(("a",), "d", 1), "merge key"),
        (b"x: &x {b: 1}\na:\n  <<: *x\n  c: 1\n", SetScalar(("a", "b"), 2), "merge key"),
        (b"x: &x {b: 1}\na:\n  <<: *x\n  b: 2\n", RemoveKey(("a", "b")), "merge key"),
        (b"yes: 1\n", SetScalar(("true",), 2), "spelt"),
        (b"a: 1\na: 2\n", SetScalar(("a",), 3), "twice"),
        (b"a: {{ .Values.a }}\n", SetScalar(("a",), 3), "key"),
        (b"{{ if .Values.a }}\na: 1\n{{ end }}\n", SetScalar(("a",), 3), "cannot be read"),
        (b"a: 1\n", SetScalar(("b",), 3), "no such"),
        (b"a: {b: 1}\n", SetScalar(("a",), 3), "mapping"),
        (b"a: 1\n", AddKey((), "a", 3), "already"),
        (b"a: 1\n", AddKey(("a",), "b", 3), "not a mapping"),
        (b"a: 1\n", AppendItem(("a",), 3), "not a list"),
        (b"a: [{name: x, b: 1}, {name: x, b: 2}]\n", RemoveItem(("a",), {"name": "x"}), "2 items"),
        (b"a: [x]\n", RemoveItem(("a",), "y"), "no such item"),
        (b"a: [x]\n", InsertItem(("a",), "y", "z"), "no such item"),
        (b"a: [x, x]\n", InsertItem(("a",), "x", "z"), "2 items"),
        (b"a:\n- |\n  x", AppendItem(("a",), "y"), "read as intended"),
        (b"- a: 1 # one\n  # two\n  b: 2\n", RemoveKey((0, "a")), "comment"),
        (b"a: 1\n", AddKey((), "b", 2**64 + 1), "read as intended"),
        (b"a: 1\n", AddKey((), "b", float("inf")), "read as intended"),
        (b"a: 1\n", AddKey((), "b", "\ud800"), "unreadable"),
        (b"a: 1\n", AddKey((), "k" * 2000, 1), "unreadable"),
        (b"a: 1\n", RemoveKey(()), "whole document"),
        (b"# nothing\n", AddKey((), "a", 1), "no document"),
        (b"a: 1\n\xff", AddKey((), "b", 1), "cannot be read"),
    ],
)
def test_what_cannot_be_exact_is_refused(source: bytes, edit: Edit, reason: str) -> None:
    with pytest.raises(CannotEdit) as refused:
        apply_edits(source, 0, [edit])

    assert reason in refused.value.happened


@pytest.mark.parametrize(
    ("edit", "back"),
    [
        (SetScalar((*ANNOTATIONS, "example.com/note"), "two"), SetScalar((*ANNOTATIONS, "example.com/note"), "one")),
        (AddKey(ANNOTATIONS, "a", "b"), RemoveKey((*ANNOTATIONS, "a"))),
        (
            AddKey(("spec", "template", "metadata", "annotations"), "a", "b"),
            RemoveKey(("spec", "template", "metadata", "annotations")),
        ),
        (AppendItem(CONTAINERS, {"name": "x"}), RemoveItem(CONTAINERS, {"name": "x"})),
        (AppendItem((*CONTAINERS, 0, "ports"), 80), RemoveKey((*CONTAINERS, 0, "ports"))),
        (AppendItem((*CONTAINERS, 0, "args"), "x"), RemoveItem((*CONTAINERS, 0, "args"), "x")),
        (InsertItem((*CONTAINERS, 0, "args"), "serve", "x"), RemoveItem((*CONTAINERS, 0, "args"), "x")),
        (
            InsertItem(CONTAINERS, {"name": "sidecar"}, {"name": "x", "args": ["y"]}),
            RemoveItem(CONTAINERS, {"name": "x"}),
        ),
        (RemoveItem((*CONTAINERS, 0, "args"), "--port=80"), AppendItem((*CONTAINERS, 0, "args"), "--port=80")),
    ],
)
def test_what_is_added_and_taken_away_again_leaves_no_trace(edit: Edit, back: Edit) -> None:
    assert apply_edits(apply_edits(DEPLOYMENT, 0, [edit]), 0, [back]) == DEPLOYMENT


def test_change_leaves_the_value_it_was_given_alone() -> None:
    before: dict[str, object] = {"a": {"b": [1, 2]}, "c": None}
    for edit in (
        SetScalar(("a", "b", 0), 5),
        AddKey(("c", "d"), "e", 1),
        RemoveKey(("a", "b")),
        AppendItem(("a", "b"), 3),
        RemoveItem(("a", "b"), 1),
    ):
        change(before, edit)  # type: ignore[arg-type]

    assert before == {"a": {"b": [1, 2]}, "c": None}


@pytest.mark.parametrize("end", [b"", b"\n", b"\n# the end\n", b"\n---\nkind: Other\n"])
def test_a_document_is_added_after_all_others(end: bytes) -> None:
    before = b"kind: Thing\nname: one" + end
    after = apply_edits(before, 0, [AddDocument({"kind": "ServiceAccount", "metadata": {"name": "x"}})])
    assert after.startswith(before)
    assert load_all(after)[-1].value == {"kind": "ServiceAccount", "metadata": {"name": "x"}}
    assert [found.value for found in load_all(after)][:-1] == [found.value for found in load_all(before)]


def test_no_document_is_added_where_the_file_says_that_it_ends() -> None:
    with pytest.raises(CannotEdit):
        apply_edits(b"{}\n...\nkind: [\n", 0, [AddDocument({"kind": "ServiceAccount"})])


ALIASED_KEY = b"name: &app web\nvalues:\n  *app :\n    image: one # kept\n  other: {}\n"


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (SetScalar(("values", "web", "image"), "two"), ALIASED_KEY.replace(b"one", b"two")),
        (
            AddKey(("values", "web"), "env", {"A": "b"}),
            ALIASED_KEY.replace(b"# kept\n", b"# kept\n    env:\n      A: b\n"),
        ),
        (RemoveKey(("values", "web")), b"name: &app web\nvalues:\n  other: {}\n"),
    ],
)
def test_what_stands_under_a_key_that_is_an_alias_can_be_edited(edit: Edit, expected: bytes) -> None:
    assert apply_edits(ALIASED_KEY, 0, [edit]) == expected


def test_a_key_that_is_an_alias_says_what_the_last_anchor_before_it_does() -> None:
    data = b"a: &x one\nb: &x two\nc:\n  *x : 1\nd: &x three\n"
    assert apply_edits(data, 0, [SetScalar(("c", "two"), 2)]) == data.replace(b": 1", b": 2")
    for name in ("one", "three"):
        with pytest.raises(CannotEdit, match="no such value"):
            apply_edits(data, 0, [SetScalar(("c", name), 2)])
