"""What edits of values change in a chart, by a real Helm where there is one."""

from __future__ import annotations

import io
import tarfile

import pytest

from migrate.model.json import Json
from migrate.stores.cluster.releases import merged
from migrate.stores.helm import Chart, Difference, UnrenderedError, Wanted, differing, program

CANARY = "value-canary-0b71"
_OBJECT = "apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}}}\ndata: {{{data}}}\n"
FILES = {
    "stack/Chart.yaml": "apiVersion: v2\nname: stack\nversion: 1.0.0\n",
    "stack/values.yaml": "note: none\n",
    "stack/templates/note.yaml": _OBJECT.format(kind="ConfigMap", name="note", data='note: "{{ .Values.note }}"'),
    "stack/templates/made.yaml": _OBJECT.format(kind="Secret", name="made", data="p: {{ randAlphaNum 9 | b64enc }}"),
    "stack/templates/extra.yaml": "{{ if .Values.extra }}\n"
    + _OBJECT.format(kind="Service", name="extra", data="a: b")
    + "{{ end }}\n",
    "stack/templates/job.yaml": """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: job}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers: [{name: c, envFrom: [{configMapRef: {name: note}}]}]
""",
    "stack/templates/check.yaml": '{{ if eq .Values.note "no" }}{{ fail .Values.secret }}{{ end }}\n',
    "stack/charts/grafana/Chart.yaml": "apiVersion: v2\nname: grafana\nversion: 1.0.0\n",
    "stack/charts/grafana/templates/deployment.yaml": _OBJECT.format(
        kind="Deployment", name="grafana", data="a: {{ toJson .Values.podAnnotations }}"
    ),
}


def _archive() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


def difference(before: Wanted, after: Wanted) -> Difference:
    helm = program()
    if helm is None:
        pytest.skip("helm is not on the PATH")
    return differing(helm, Chart(_archive(), "stack", "watch", "v1.34.0", ("apps/v1",)), before, after)


def renamed(kind: str, name: str) -> Wanted:
    """The chart as it is, with a post-renderer that changes one object."""
    patch = _OBJECT.format(kind=kind, name=name, data="note: changed")
    patches: Json = [{"target": {"kind": kind, "name": name}, "patch": patch}]
    return Wanted({}, {"postRenderers": [{"kustomize": {"patches": patches}}]})


def changed(before: dict[str, Json], after: dict[str, Json]) -> list[str]:
    return list(difference(Wanted(before), Wanted(after)).changed)


def test_an_edit_under_a_subchart_changes_the_subcharts_objects_only() -> None:
    assert changed({}, {"grafana": {"podAnnotations": {"a": "b"}}}) == ["Deployment watch/grafana"]


def test_an_edit_elsewhere_is_seen_and_so_is_an_object_that_comes_or_goes() -> None:
    both: dict[str, Json] = {"note": "other", "extra": True}
    assert changed({}, both) == ["ConfigMap watch/note", "Service watch/extra"]
    assert changed(both, {}) == ["ConfigMap watch/note", "Service watch/extra"]


def test_who_uses_what_changes_is_told() -> None:
    used = difference(Wanted({}), Wanted({"note": "other"})).used_by
    assert used == {"ConfigMap watch/note": ("CronJob watch/job",)}


def test_a_post_renderer_changes_the_object_it_is_for_or_nothing() -> None:
    assert difference(Wanted({}), renamed("ConfigMap", "note")).changed == ("ConfigMap watch/note",)
    assert difference(Wanted({}), renamed("ConfigMap", "elsewhere")).changed == ()


def test_what_differs_at_each_rendering_is_nobodys_edit() -> None:
    assert changed({}, {}) == []


def test_a_chart_that_does_not_render_is_not_decided_and_shows_no_value() -> None:
    with pytest.raises(UnrenderedError) as caught:
        changed({}, {"note": "no", "secret": CANARY})
    assert CANARY not in str(caught.value)


def test_values_lie_over_each_other_as_helm_lays_them() -> None:
    under: dict[str, Json] = {"a": {"x": 1, "y": [1]}, "b": 1}
    assert merged(under, {"a": {"y": [2]}, "c": None}) == {"a": {"x": 1, "y": [2]}, "b": 1, "c": None}
