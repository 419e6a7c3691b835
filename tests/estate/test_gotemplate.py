"""Templates are split and evaluated as Go does it, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.estate.goevaluation import evaluated
from migrate.estate.gotemplate import Action, TemplateFaultError, Text, segments

DOT = {"A": "one", "b-c": "two\n", "E": ""}


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("", ""),
        ("x {{ .A }} y\n", "x one y\n"),
        ("x {{- .A -}} y", "xoney"),
        ('{{ index . "b-c" }}', "two\n"),
        ("{{ .A | upper | quote }}", '"ONE"'),
        ("{{ .A | b64enc | b64dec }}", "one"),
        ('{{ "}}" }}', "}}"),
        ("{{/* nothing */}}{{ .A }}", "one"),
        ("{{ if .E }}yes{{ else }}no{{ end }}", "no"),
        ("{{ if .A }}yes{{ if .E }}deep{{ else }}er{{ end }}{{ else }}no{{ .Z }}{{ end }}", "yeser"),
        ("{{ $x := .A }}{{ $x }}{{ $x | sprig_upper }}", "oneONE"),
        ('{{ .A | replace "o" "0" }}', "0ne"),
    ],
)
def test_what_a_template_makes(template: str, wanted: str) -> None:
    assert evaluated(template, DOT) == wanted


@pytest.mark.parametrize(
    "template",
    [
        "{{ .A",
        "{{ .Z }}",
        "{{ nonsense .A }}",
        "{{ range .A }}x{{ end }}",
        "{{ end }}",
        "{{ if .A }}x",
        "{{ .A | }}",
        "{{ .A.B }}",
    ],
)
def test_what_is_not_understood_is_said(template: str) -> None:
    with pytest.raises(TemplateFaultError):
        evaluated(template, DOT)


def test_what_the_agent_reads_of_vault() -> None:
    template = '{{ with secret "kv/data/a" }}{{ $m := .Data.data.value }}[{{ $m }}]{{ end }}'
    assert evaluated(template, None, lambda path: {"data": {"data": {"value": path}}}) == "[kv/data/a]"


def test_nothing_at_a_path_makes_nothing_of_its_block() -> None:
    assert evaluated('a{{ with secret "kv/data/a" }}{{ .Data.data.value }}{{ end }}z', None, lambda _: None) == "az"


@given(st.text(alphabet=st.sampled_from("ab {}\n\"'-"), max_size=30))
def test_a_text_without_actions_is_itself(text: str) -> None:
    if "{{" not in text:
        assert evaluated(text, {}) == text
        assert segments(text) == [Text(text)]


def test_an_action_is_written_as_it_was_meant() -> None:
    assert Action(".A", left=True, right=False).written == "{{- .A }}"
