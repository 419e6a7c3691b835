"""The reader against Go, case by case.

Every expectation was computed with sigs.k8s.io/yaml 1.6.0 (go.yaml.in/yaml/v2 2.4.2), the reader that kubectl and
the API server use; `kustomize` was computed with kyaml 0.20.1, which Flux builds with, where that reads something
else. `kubectl` is given where we refuse, or read, on purpose what it does not. To repeat it, feed the same bytes to
`yaml.YAMLToJSON` and to `kio.FromBytes` followed by `MarshalJSON`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pytest

from migrate.documents.edits import same
from migrate.documents.reader import YamlFault, load_all
from migrate.model.json import Json


class Fault:
    """A reader refuses the bytes."""


FAULT: Final = Fault()
Reading = list[Json] | Fault


@dataclass(frozen=True, slots=True)
class Case:
    """Bytes, what we read, and what the others read where it is not the same (None: the same)."""

    data: bytes
    ours: Reading
    kubectl: Reading | None = None
    kustomize: Reading | None = None


CASES = [
    # Words
    Case(b"a: yes", [{"a": True}], kustomize=[{"a": "yes"}]),
    Case(b"a: No", [{"a": False}], kustomize=[{"a": "No"}]),
    Case(b"a: on", [{"a": True}], kustomize=[{"a": "on"}]),
    Case(b"a: OFF", [{"a": False}], kustomize=[{"a": "OFF"}]),
    Case(b"a: y", [{"a": True}], kustomize=[{"a": "y"}]),
    Case(b"a: N", [{"a": False}], kustomize=[{"a": "N"}]),
    Case(b"a: True", [{"a": True}]),
    Case(b"a: tRUE", [{"a": "tRUE"}]),
    Case(b"a: 'yes'", [{"a": "yes"}]),
    Case(b'a: "off"', [{"a": "off"}]),
    Case(b"a: ~", [{"a": None}]),
    Case(b"a: null", [{"a": None}]),
    Case(b"a: Null", [{"a": None}]),
    Case(b"a: nULL", [{"a": "nULL"}]),
    Case(b"a:", [{"a": None}]),
    Case(b"a: ''", [{"a": ""}]),
    Case(b"a: =", [{"a": "="}]),
    Case(b"a: <<", [{"a": "<<"}]),
    Case(b"a: .inf", FAULT),
    Case(b"a: .NaN", FAULT),
    Case(b"a: nan", [{"a": "nan"}]),
    # Numbers
    Case(b"a: 0440", [{"a": 288}]),
    Case(b"a: 0o440", [{"a": 288}]),
    Case(b"a: 0O17", [{"a": 15}]),
    Case(b"a: 0x1F", [{"a": 31}]),
    Case(b"a: 0b101", [{"a": 5}]),
    Case(b"a: -0b11", [{"a": -3}]),
    Case(b"a: 09", [{"a": 9}]),
    Case(b"a: 0_8", [{"a": 8}]),
    Case(b"a: 1_000", [{"a": 1000}]),
    Case(b"a: _1", [{"a": "_1"}]),
    Case(b"a: +1", [{"a": 1}]),
    Case(b"a: -0", [{"a": 0}]),
    Case(b"a: 1.0", [{"a": 1}]),
    Case(b"a: 1e3", [{"a": 1000}]),
    Case(b"a: 1.5e-7", [{"a": 1.5e-07}]),
    Case(b"a: .5", [{"a": 0.5}]),
    Case(b"a: ._5", [{"a": "._5"}]),
    Case(b"a: .1_5", [{"a": 0.15}]),
    Case(b"a: .5_", [{"a": ".5_"}]),
    Case(b"a: .1e1_0", [{"a": 1000000000}]),
    Case(b"a: 5.", [{"a": 5}]),
    Case(b"a: +.5", [{"a": 0.5}]),
    Case(b"a: 0x", [{"a": "0x"}]),
    Case(b"a: 1e999", [{"a": "1e999"}]),
    Case(b"a: 12e03", [{"a": 12000}]),
    Case(b"a: 9223372036854775807", [{"a": 9223372036854775807}]),
    Case(b"a: 9223372036854775808", [{"a": 9223372036854775808}]),
    Case(b"a: 18446744073709551615", [{"a": 18446744073709551615}]),
    Case(b"a: 18446744073709551616", [{"a": 18446744073709552000}]),
    Case(b"a: -9223372036854775809", [{"a": -9223372036854776000}]),
    Case(b"a: 1e21", [{"a": 1e21}]),
    Case(b"a: 190:20:30", [{"a": "190:20:30"}]),
    Case(b"a: 12:30", [{"a": "12:30"}]),
    Case(b"a: 1.2.3", [{"a": "1.2.3"}]),
    Case(b"a: 10Gi", [{"a": "10Gi"}]),
    Case(b"a: 100m", [{"a": "100m"}]),
    Case(b"a: 0.1", [{"a": 0.1}]),
    # Times
    Case(b"a: 2001-12-14", [{"a": "2001-12-14"}], kustomize=[{"a": "2001-12-14T00:00:00Z"}]),
    Case(b"a: 2001-12-14T21:59:43Z", [{"a": "2001-12-14T21:59:43Z"}]),
    Case(b"a: 2001-12-14 21:59:43.10 -5", [{"a": "2001-12-14 21:59:43.10 -5"}]),
    # Keys
    Case(b"yes: 1", [{"true": 1}], kustomize=[{"yes": 1}]),
    Case(b"on: {push: 1}", [{"true": {"push": 1}}], kustomize=[{"on": {"push": 1}}]),
    Case(b"0x10: 1", [{"16": 1}], kustomize=[{"0x10": 1}]),
    Case(b"010: 1", [{"8": 1}], kustomize=[{"010": 1}]),
    Case(b"1.5: 1", [{"1.5": 1}]),
    Case(b"1e6: 1", [{"1e+06": 1}], kustomize=[{"1e6": 1}]),
    Case(b"1.10: 1", [{"1.1": 1}], kustomize=[{"1.10": 1}]),
    Case(b"~: 1", FAULT),
    Case(b"null: 1", FAULT),
    Case(b": 1", FAULT),
    Case(b"'': 1", [{"": 1}]),
    Case(b"[a]: 1", FAULT),
    Case(b"{a: b}: 1", FAULT),
    Case(b"? a\n: b", [{"a": "b"}]),
    Case(b"18446744073709551615: 1", FAULT, kustomize=[{"18446744073709551615": 1}]),
    Case(b"2001-01-01: 1", [{"2001-01-01": 1}]),
    Case(b"? |\n  k\n: v", [{"k\n": "v"}]),
    Case(b"a: 1\na: 2", FAULT, kubectl=[{"a": 2}]),
    Case(b"a: {b: 1, b: 2}", FAULT, kubectl=[{"a": {"b": 2}}]),
    Case(b"1: a\n'1': b", FAULT, kubectl=[{"1": "b"}]),
    Case(b"yes: 1\ntrue: 2", FAULT, kubectl=[{"true": 2}], kustomize=[{"true": 2, "yes": 1}]),
    # Tags
    Case(b"a: !!str 0440", [{"a": "0440"}]),
    Case(b"a: !!int '5'", [{"a": 5}]),
    Case(b"a: !!int 5.0", FAULT),
    Case(b"a: !!int x", FAULT),
    Case(b"a: !!float 5", [{"a": 5}]),
    Case(b"a: !!float '18446744073709551615'", FAULT),
    Case(b"a: !!bool yes", [{"a": True}], kustomize=FAULT),
    Case(b"a: !!bool 1", FAULT),
    Case(b"a: !!null ''", [{"a": None}]),
    Case(b"a: !!null x", FAULT),
    Case(b"a: !!binary aGk=", [{"a": "hi"}]),
    Case(b"a: !!binary '?'", FAULT),
    Case(b"a: !!binary /w==", [{"a": "�"}]),
    Case(b"a: !custom {b: 1}", [{"a": {"b": 1}}]),
    Case(b"a: !custom x", [{"a": "x"}]),
    Case(b"a: !custom 5", [{"a": "5"}]),
    Case(b"a: ! 5", [{"a": "5"}], kustomize=[{"a": 5}]),
    Case(b"a: !!timestamp 2001-01-01", [{"a": "2001-01-01"}], kustomize=[{"a": "2001-01-01T00:00:00Z"}]),
    Case(b"a: !!timestamp x", FAULT),
    Case(b"a: !!set {x}", [{"a": {"x": None}}], kustomize=[{"a": {"x": ""}}]),
    Case(b"!!map {a: 1}", [{"a": 1}]),
    Case(b"a: !<tag:yaml.org,2002:str> 5", [{"a": "5"}]),
    Case(b"%TAG !e! tag:yaml.org,2002:\n---\na: !e!str 5", [{"a": "5"}], kustomize=FAULT),
    Case(b"a: !e!str 5", FAULT),
    # Anchors and merge keys
    Case(b"a: &x 1\nb: *x", [{"a": 1, "b": 1}]),
    Case(b"a: *x", FAULT),
    Case(b"a: &x [*x]", FAULT),
    Case(b"a: &x 1\nb: &x 2\nc: *x", [{"a": 1, "b": 2, "c": 2}]),
    Case(b"- &x a\n- *x : 1", [["a", {"a": 1}]]),
    Case(b"x: &x {b: 1, c: 2}\na:\n  <<: *x\n  b: 3", [{"x": {"b": 1, "c": 2}, "a": {"b": 3, "c": 2}}]),
    Case(
        b"x: &x {b: 1}\na:\n  b: 3\n  <<: *x",
        [{"x": {"b": 1}, "a": {"b": 1}}],
        kustomize=[{"a": {"b": 3}, "x": {"b": 1}}],
    ),
    Case(
        b"x: &x {b: 1}\ny: &y {b: 2, c: 2}\na:\n  <<: [*x, *y]",
        [{"x": {"b": 1}, "true": {"b": 2, "c": 2}, "a": {"b": 1, "c": 2}}],
        kustomize=[{"a": {"b": 1, "c": 2}, "x": {"b": 1}, "y": {"b": 2, "c": 2}}],
    ),
    Case(b"<<: {a: 1}\nb: 2", [{"a": 1, "b": 2}]),
    Case(b"<<: 1", FAULT),
    Case(b"'<<': 1", [{"<<": 1}], kustomize=[{}]),
    Case(b"x: &x [{b: 1}]\na: {<<: *x}", FAULT),
    Case(b"&a a: 1\nb: *a", [{"a": 1, "b": "a"}]),
    Case(b"a: &x {b: &y 1, c: *y}\nd: *x", [{"a": {"b": 1, "c": 1}, "d": {"b": 1, "c": 1}}]),
    # Strings
    Case(b"a: 'it''s'", [{"a": "it's"}]),
    Case(b'a: "\\x41\\u00e9\\t\\/"', [{"a": "Aé\t/"}], kubectl=FAULT, kustomize=FAULT),
    Case(b'a: "\\ud800"', FAULT),
    Case(b'a: "\\0"', [{"a": "\x00"}]),
    Case(b'a: "b\n  c\n\n  d"', [{"a": "b c\nd"}]),
    Case(b"a: b\n  c", [{"a": "b c"}]),
    Case(b"a: |\n  x\n  y\n", [{"a": "x\ny\n"}]),
    Case(b"a: |-\n  x\n\n\nb: 1", [{"a": "x", "b": 1}]),
    Case(b"a: |+\n  x\n\n\nb: 1", [{"a": "x\n\n\n", "b": 1}]),
    Case(b"a: >\n  x\n  y\n\n  z\n", [{"a": "x y\nz\n"}]),
    Case(b"a: |2\n   x\n", [{"a": " x\n"}]),
    Case(b"a: |", [{"a": ""}]),
    Case(b"a: |\n  x", [{"a": "x"}]),
    Case(b"a: b # c", [{"a": "b"}]),
    Case(b"a: b#c", [{"a": "b#c"}]),
    Case(b"a: b: c", FAULT),
    Case(b"a: http://x:80", [{"a": "http://x:80"}]),
    Case(b"a: '{{ x }}'", [{"a": "{{ x }}"}]),
    Case(b"a: {{ x }}", FAULT),
    Case(b"{{ x }}: 1", FAULT),
    Case(b"a: @x", FAULT),
    Case(b"a: `x`", FAULT),
    Case(b"a: %x", FAULT),
    Case(b"a: -x", [{"a": "-x"}]),
    Case(b"a: ?x", [{"a": "?x"}]),
    Case(b"a: [a, b, ]", [{"a": ["a", "b"]}]),
    Case(b"a: [a, , b]", FAULT),
    Case(b"a: {b, c: d}", [{"a": {"b": None, "c": "d"}}], kustomize=[{"a": {"b": "", "c": "d"}}]),
    Case(b"{a: 1", FAULT),
    Case(b'"a": 1', [{"a": 1}]),
    Case(b"a: 'x", FAULT),
    Case(b'a: "\\q"', FAULT),
    # Documents
    Case(b"", []),
    Case(b"\n", []),
    Case(b"# only a comment\n", []),
    Case(b"---\n", []),
    Case(b"---\n---\na: 1\n", [{"a": 1}]),
    Case(b"a: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
    Case(b"a: 1\n---\n# nothing\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
    Case(b"a: 1\n...\nb: 2\n", FAULT),
    Case(b"--- a\n--- b\n", ["a", "b"]),
    Case(b"--- {a: 1}", [{"a": 1}]),
    Case(b"%YAML 1.1\n---\na: 1\n", [{"a": 1}]),
    Case(b"%YAML 1.2\n---\na: 1\n", FAULT),
    Case(b"%YAML 2.0\n---\na: 1\n", FAULT),
    Case(b"a: 1\n%YAML 1.1\n---\nb: 1\n", [{"a": 1}, {"b": 1}]),
    Case(b"just text", ["just text"]),
    Case(b"- 1\n- 2\n", [[1, 2]]),
    Case(b"5", [5]),
    Case(b"a: 1\n--- # c\nb: 1", [{"a": 1}, {"b": 1}]),
    Case(b"null\n---\na: 1", [{"a": 1}]),
    Case(b"a: 1\nb\n", FAULT),
    Case(b"a: 1\n b: 2\n", FAULT),
    Case(b"---\na: 1\n---\nb: [\n", FAULT),
    # Bytes
    Case(b"a: 1\r\nb: 2\r\n", [{"a": 1, "b": 2}]),
    Case(b"a: 1\rb: 2\r", [{"a": 1, "b": 2}]),
    Case(b"a: x\xc2\x85b: y\xc2\x85", [{"a": "x", "b": True}], kustomize=[{"a": "x", "b": "y"}]),
    Case(b"a: x\xe2\x80\xa8b: y", [{"a": "x", "b": True}], kustomize=[{"a": "x", "b": "y"}]),
    Case(b"\xef\xbb\xbfa: 1\n", [{"a": 1}]),
    Case(b"a: \xef\xbb\xbfb\n", [{"a": "\ufeffb"}]),
    Case(b"a: 1\n\xef\xbb\xbfb: 2\n", FAULT, kubectl=[{"a": 1, "\ufeffb": 2}], kustomize=[{"a": 1, "\ufeffb": 2}]),
    Case(b"\ta: 1", FAULT),
    Case(b"a:\t1", [{"a": 1}]),
    Case(b"a:\n\t- 1", FAULT),
    Case(b"a: b\tc", [{"a": "b\tc"}]),
    Case(b"- \tb", FAULT),
    Case(b"a: \xc3\xa9\xf0\x9f\x98\x80", [{"a": "é😀"}]),
    Case(b"a: x\x00y", FAULT),
    Case(b"a: \x07", FAULT),
    Case(b"a: \x7f", FAULT),
    Case(b"a: \xed\x9f\xbf\xee\x80\x80\xef\xbf\xbd", [{"a": "\ud7ff\ue000�"}]),
    Case(b"\xff\xfea\x00:\x00 \x001\x00\n\x00", [{"a": 1}]),
    Case(b"\xfe\xff\x00a\x00:\x00 \x001\x00\n", [{"a": 1}]),
    Case(b"a: \xff", FAULT),
    Case(b"a: \xc3", FAULT),
    Case(b"a: \xed\xa0\x80", FAULT),
    Case(b"\xef\xbb\xbf\xef\xbb\xbfa: 1", FAULT, kubectl=[{"a": 1}], kustomize=[{"a": 1}]),
]


def _read(data: bytes) -> Reading:
    try:
        return [found.value for found in load_all(data)]
    except YamlFault:
        return FAULT


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(case.data)[:40])
def test_reads_what_kubernetes_reads(case: Case) -> None:
    read = _read(case.data)

    assert isinstance(read, Fault) == isinstance(case.ours, Fault)
    if not isinstance(read, Fault) and not isinstance(case.ours, Fault):
        assert same(read, case.ours), read


def test_only_known_cases_differ_from_kubectl() -> None:
    differing = {case.data for case in CASES if case.kubectl is not None}

    assert differing == {
        b"a: 1\na: 2",  # duplicate keys: kustomize refuses them, the last one winning is nobody's intention
        b"a: {b: 1, b: 2}",
        b"1: a\n'1': b",
        b"yes: 1\ntrue: 2",
        b'a: "\\x41\\u00e9\\t\\/"',  # an escape of JSON's, which kubectl reads with a JSON parser
        b"a: 1\n\xef\xbb\xbfb: 2\n",  # a byte order mark inside the file: libyaml and Go would read two things
        b"\xef\xbb\xbf\xef\xbb\xbfa: 1",
    }


def test_empty_documents_are_left_out_but_counted() -> None:
    found = load_all(b"---\n# nothing\n---\na: 1\n---\n---\nb: 2\n")

    assert [(document.index, document.line) for document in found] == [(1, 4), (3, 7)]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"a: 1\nb: [\n", 3),
        (b"a: 1\n---\nb: 1\nb: 2\n", 4),
        (b"a: 1\nb: *x\n", 2),
        (b"a: 1\nb: \x00\n", 2),
        (b"a: 1\nb: \xff\n", 2),
        (b"a: 1\n" + b"- " * 500, 2),
    ],
)
def test_a_fault_names_its_line(data: bytes, line: int) -> None:
    with pytest.raises(YamlFault) as caught:
        load_all(data)

    assert caught.value.line == line


@pytest.mark.parametrize(
    "data",
    [
        b"password: hunter2: hunter2",
        b"password: !!int hunter2",
        b"password: *hunter2",
        b"password: 'hunter2",
        b"password: hunter2\npassword: hunter2",
        b"hunter2\n\xff",
        b'password: "hunter2\\q"',
    ],
)
def test_a_fault_never_quotes_a_value(data: bytes) -> None:
    with pytest.raises(YamlFault) as caught:
        load_all(data)

    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nesting_is_bounded() -> None:
    assert load_all(b"[" * 128 + b"]" * 128)
    for deep in (b"[" * 50_000, b"- " * 50_000, b"{a: " * 5_000):
        with pytest.raises(YamlFault):
            load_all(deep)


def test_an_alias_bomb_is_refused() -> None:
    lines = [b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 10)]
    with pytest.raises(YamlFault, match="aliases"):
        load_all(b"\n".join(lines))


def test_ordinary_aliases_are_not_a_bomb() -> None:
    data = b"x: &x {a: 1, b: 2}\nl:\n" + b"- *x\n" * 400

    (found,) = load_all(data)

    assert isinstance(found.value, dict)
    assert found.value["l"] == [{"a": 1, "b": 2}] * 400
