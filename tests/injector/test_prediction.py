"""What the injector does with a pod, told case by case. The texts are those of vault-k8s 1.7.6."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.injector.annotation import PREFIX
from migrate.injector.prediction import (
    Denied,
    Mutated,
    Unanswered,
    Untouched,
    agent_configs,
    predict,
    readable_pod,
)
from migrate.injector.settings import Settings
from tests.injector.pods import PROJECTED, SETTINGS, TOKEN, answer, container, mutated, pod, refusal

DB = {"agent-inject-secret-db": "secret/data/web/db"}


def spec(found: Mutated) -> Any:
    return found.pod["spec"]


def config(found: Mutated, name: str = "vault-agent") -> Any:
    return agent_configs(found.pod)[name]


@pytest.mark.parametrize("switch", [None, "", "0", "f", "F", "false", "False", "FALSE"])
def test_a_pod_that_does_not_ask_is_left_alone(switch: str | None) -> None:
    assert isinstance(answer({"agent-inject": switch}), Untouched)


@pytest.mark.parametrize("switch", ["1", "t", "T", "true", "True", "TRUE"])
def test_a_pod_that_asks_is_injected(switch: str) -> None:
    assert isinstance(answer({"agent-inject": switch}), Mutated)


def test_a_pod_that_asks_unclearly_is_refused() -> None:
    assert refusal({"agent-inject": "yes"}) == (
        "error checking if should inject agent: cannot parse '' as bool: "
        'strconv.ParseBool: parsing "yes": invalid syntax'
    )


def test_a_pod_marked_as_injected_is_left_alone_and_any_other_mark_is_not() -> None:
    assert isinstance(answer({"agent-inject-status": "injected"}), Untouched)
    assert isinstance(answer({"agent-inject-status": "update"}), Mutated)


def test_a_running_pod_is_left_alone() -> None:
    running = {**pod(), "status": {"phase": "Running"}}
    assert isinstance(predict(running, "apps", SETTINGS), Untouched)
    assert isinstance(predict({**pod(), "status": {"phase": "Pending"}}, "apps", SETTINGS), Mutated)


@pytest.mark.parametrize("namespace", ["kube-system", "kube-public"])
def test_system_namespaces_are_refused_only_for_pods_that_ask(namespace: str) -> None:
    assert predict(pod(), namespace, SETTINGS) == Denied(
        f"error with request namespace: cannot inject into system namespaces: {namespace}"
    )
    assert isinstance(predict(pod({"agent-inject": "false"}), namespace, SETTINGS), Untouched)


_REFUSALS: list[tuple[dict[str, str | None], dict[str, Any], str]] = [
    ({"role": None}, {}, "error validating agent configuration: no Vault role found"),
    ({"auth-path": ""}, {}, "error validating agent configuration: no Vault Auth Path found"),
    ({"auth-type": ""}, {}, "error validating agent configuration: no Vault Auth Type found"),
    ({"service": ""}, {}, "error validating agent configuration: no Vault address found"),
    ({"agent-image": ""}, {}, "error validating agent configuration: no Vault image found"),
    ({"agent-request-namespace": ""}, {}, "error validating agent configuration: namespace missing from request"),
    (
        {"auth-min-backoff": "5"},
        {},
        'error adding default annotations: error parsing min backoff as duration: time: missing unit in duration "5"',
    ),
    (
        {"auth-max-backoff": "1 day"},
        {},
        "error adding default annotations: error parsing max backoff as duration: "
        'time: unknown unit " day" in duration "1 day"',
    ),
    (
        {"agent-json-patch": "[{"},
        {},
        f"error adding default annotations: error parsing JSON patch for annotation {PREFIX}agent-json-patch: "
        "unexpected end of JSON input",
    ),
    (
        {"agent-init-json-patch": "{}"},
        {},
        f"error adding default annotations: error parsing JSON patch for annotation {PREFIX}agent-init-json-patch: "
        "json: cannot unmarshal object into Go value of type jsonpatch.Patch",
    ),
    (
        {},
        {"containers": [{"name": "app"}]},
        "error creating new agent sidecar: failed to find service account volume mount",
    ),
    (
        {"agent-service-account-token-volume-name": "nope"},
        {},
        'error creating new agent sidecar: failed to find service account volume "nope"',
    ),
    (
        {"agent-service-account-token-volume-name": "e"},
        {"volumes": [{"name": "e", "emptyDir": {}}]},
        'error creating new agent sidecar: failed to find tokenPath for projected volume "e"',
    ),
    (
        {"agent-service-account-token-volume-name": "kube-api-access"},
        {"volumes": []},
        'error creating new agent sidecar: failed to find volume "kube-api-access" in Pod "web" volumes',
    ),
    (
        {"agent-inject-default-template": "XML"},
        {},
        "error creating new agent sidecar: invalid default template type: xml",
    ),
    (
        {"agent-run-as-user": "app"},
        {},
        'error creating new agent sidecar: strconv.ParseInt: parsing "app": invalid syntax',
    ),
    (
        {"agent-run-as-same-user": "true"},
        {},
        "error creating new agent sidecar: No SecurityContext found for Container 0",
    ),
    (
        {"agent-share-process-namespace": "x"},
        {},
        f'error creating new agent sidecar: invalid value x for annotation "{PREFIX}agent-share-process-namespace", '
        "err=cannot parse '' as bool: strconv.ParseBool: parsing \"x\": invalid syntax",
    ),
    (
        {"agent-share-process-namespace": "true"},
        {"shareProcessNamespace": False},
        "error creating new agent sidecar: shareProcessNamespace explicitly disabled on the pod, refusing to enable it",
    ),
    (
        {"template-lease-renewal-threshold": "half"},
        {},
        'error creating new agent sidecar: strconv.ParseFloat: parsing "half": invalid syntax',
    ),
    (
        {"template-lease-renewal-threshold": "NaN"},
        {},
        "error creating patch for agent: json: unsupported value: NaN",
    ),
    (
        {"agent-limits-cpu": "1 core"},
        {},
        "error creating patch for agent: quantities must match the regular expression "
        "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ),
    ({"agent-limits-mem": "1mm"}, {}, "error creating patch for agent: unable to parse quantity's suffix"),
    (
        {},
        {"containers": [{"name": 1}]},
        "json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string",
    ),
]


@pytest.mark.parametrize(("annotations", "shape", "text"), _REFUSALS, ids=[text[-40:] for _, _, text in _REFUSALS])
def test_a_refusal_has_the_injectors_own_words(
    annotations: dict[str, str | None], shape: dict[str, Any], text: str
) -> None:
    assert refusal(annotations, **shape) == text


def test_of_two_faults_the_first_the_injector_reads_is_named() -> None:
    assert "soon" in refusal({"auth-max-backoff": "soon", "agent-pre-populate": "nope"})
    assert "nope" in refusal({"agent-pre-populate": "nope", "agent-run-as-user": "x"})


def test_an_injector_without_address_refuses_everything_it_is_asked_for() -> None:
    assert refusal(settings=Settings()) == "error adding default annotations: address for Vault required"


def test_init_container_and_sidecar_are_appended() -> None:
    found = mutated(DB, initContainers=[{"name": "migrate"}])
    inside = spec(found)
    assert [item["name"] for item in inside["initContainers"]] == ["migrate", "vault-agent-init"]
    assert [item["name"] for item in inside["containers"]] == ["app", "vault-agent"]
    assert [item["name"] for item in inside["volumes"]] == [
        "kube-api-access",
        "home-init",
        "home-sidecar",
        "vault-secrets",
    ]


def test_agent_first_sends_the_others_through_the_injectors_types() -> None:
    native = {"name": "proxy", "restartPolicy": "Always", "newerThanTheInjector": True, "ports": []}
    found = mutated({"agent-init-first": "true"}, initContainers=[native])
    first, second = spec(found)["initContainers"]
    assert first["name"] == "vault-agent-init"
    assert second == {
        "name": "proxy",
        "resources": {},
        "restartPolicy": "Always",
        "volumeMounts": [{"name": "vault-secrets", "mountPath": "/vault/secrets"}],
    }


def test_a_pod_without_volumes_loses_the_first_group() -> None:
    """Each group of volumes looks at the pod as it came, so the second replaces the first."""
    found = mutated(DB, volumes=[])
    assert [item["name"] for item in spec(found)["volumes"]] == ["vault-secrets"]


@pytest.mark.parametrize(
    ("annotations", "init", "regular"),
    [
        ({"agent-pre-populate": "false"}, False, True),
        ({"agent-pre-populate-only": "true"}, True, False),
        ({"agent-pre-populate": "false", "agent-pre-populate-only": "true"}, False, False),
    ],
)
def test_either_agent_can_be_left_out(annotations: dict[str, str], init: bool, regular: bool) -> None:
    inside = spec(mutated(annotations))
    assert bool(inside.get("initContainers")) is init
    assert (len(inside["containers"]) == 2) is regular


def test_only_listed_containers_get_the_files_and_a_space_is_part_of_the_name() -> None:
    two = [{"name": "app", "volumeMounts": [TOKEN]}, {"name": "side"}]
    found = mutated({"agent-inject-containers": "app, side"}, containers=two)
    assert "volumeMounts" not in container(found, "side")
    assert container(mutated(containers=two), "side")["volumeMounts"][0]["name"] == "vault-secrets"


def test_a_template_file_is_never_a_template_for_a_name_that_begins_with_file() -> None:
    found = config(mutated({"agent-inject-template-file-foo": "hello"}))
    assert found["template"] == [
        {"destination": "/vault/secrets/foo", "left_delimiter": "{{", "right_delimiter": "}}", "source": "hello"}
    ]


def test_two_names_that_differ_in_case_are_written_to_one_file() -> None:
    both = {"agent-inject-secret-DB": "a", "agent-inject-secret-db": "b"}
    assert {item["destination"] for item in config(mutated(both))["template"]} == {"/vault/secrets/db"}
    kept = config(mutated({**both, "preserve-secret-case": "true"}))
    assert {item["destination"] for item in kept["template"]} == {"/vault/secrets/db", "/vault/secrets/DB"}


def test_a_blank_template_is_no_secret() -> None:
    assert "template" not in config(mutated({"agent-inject-template-db": " \n"}))


def test_files_are_cleaned_only_when_named() -> None:
    named = {**DB, "agent-inject-file-db": "a/../b", "secret-volume-path": "/x/"}
    assert config(mutated(named))["template"][0]["destination"] == "/x/b"
    assert config(mutated({**DB, "secret-volume-path": "/x/"}))["template"][0]["destination"] == "/x//db"


def test_a_projected_token_is_mounted_for_the_agents() -> None:
    recipe = {"agent-service-account-token-volume-name": "vault-token"}
    found = mutated(recipe, containers=[{"name": "app"}], volumes=[PROJECTED])
    mounts = container(found, "vault-agent")["volumeMounts"]
    place = "/var/run/secrets/vault.hashicorp.com/serviceaccount"
    assert mounts[0] == {"name": "vault-token", "readOnly": True, "mountPath": place}
    assert config(found)["auto_auth"]["method"]["config"]["token_path"] == f"{place}/token"


def test_the_persistent_cache_is_in_both_agents_and_a_plain_one_in_the_sidecar_only() -> None:
    both = mutated({"agent-cache-enable": "true"})
    assert config(both, "vault-agent-init")["cache"]["persist"]["path"] == "/vault/agent-cache"
    plain = mutated({"agent-cache-enable": "true", "agent-pre-populate": "false"})
    assert config(plain)["cache"] == {"use_auto_auth_token": "true"}


def test_quit_brings_a_listener_and_an_empty_cache() -> None:
    found = config(mutated({"agent-enable-quit": "true"}))
    assert found["listener"][0]["agent_api"] == {"enable_quit": True}
    assert found["cache"] == {}


def test_one_ill_typed_telemetry_parameter_drops_the_stanza() -> None:
    good = {"agent-telemetry-disable-hostname": "true", "agent-telemetry-prefix_filter": '["a"]'}
    assert config(mutated(good))["telemetry"] == {"disable_hostname": True, "prefix_filter": ["a"]}
    assert "telemetry" not in config(mutated({**good, "agent-telemetry-statsd_address": "5"}))


def test_a_configmap_replaces_the_configuration() -> None:
    found = mutated({"agent-configmap": "cm", "role": None, "ca-cert": "/vault/tls/ca.crt"})
    agent = container(found, "vault-agent-init")
    assert agent["args"] == ["touch /home/vault/.vault-token && vault agent -config=/vault/configs/config-init.hcl"]
    names = [item["name"] for item in agent["env"]]
    assert names[-3:] == ["VAULT_ADDR", "VAULT_CACERT", "VAULT_SKIP_VERIFY"]
    assert agent_configs(found.pod) == {}


def test_quantities_come_back_in_canonical_form() -> None:
    found = mutated({"agent-requests-cpu": "0.5", "agent-limits-mem": "1024Ki", "agent-limits-cpu": ""})
    assert container(found, "vault-agent")["resources"] == {
        "limits": {"memory": "1Mi"},
        "requests": {"cpu": "500m", "memory": "64Mi"},
    }


def test_an_injector_that_sets_no_security_context_does_so_for_a_pod_that_names_a_user() -> None:
    openshift = Settings(address="a", set_security_context=False)
    assert "securityContext" not in container(mutated(settings=openshift), "vault-agent")
    named = mutated({"agent-run-as-user": "472"}, openshift)
    assert container(named, "vault-agent")["securityContext"]["runAsUser"] == 472


def test_revocation_is_a_hook_of_the_sidecar() -> None:
    found = mutated({"agent-revoke-on-shutdown": "true", "agent-revoke-grace": "30", "ca-cert": "/c"})
    assert container(found, "vault-agent")["lifecycle"]["preStop"]["exec"]["command"][2] == (
        "/bin/sleep 30 && /bin/vault token revoke -address=https://vault.example:8200 -ca-cert=/c -self"
    )
    assert "lifecycle" not in container(found, "vault-agent-init")


def test_aws_identities_reach_the_agents() -> None:
    aws = {"name": "aws", "mountPath": "/var/run/secrets/eks.amazonaws.com/x"}
    app = {"name": "app", "env": [{"name": "AWS_REGION", "value": "r"}], "volumeMounts": [TOKEN, aws]}
    found = container(mutated({"auth-type": "aws"}, containers=[app]), "vault-agent")
    assert {"name": "AWS_REGION", "value": "r"} in found["env"]
    assert {**aws, "readOnly": True} in found["volumeMounts"]


def test_ca_bytes_are_decoded_when_they_are_base64() -> None:
    for given, expected in (("UEVN", "PEM"), ("-----BEGIN", "-----BEGIN")):
        found = container(mutated(settings=Settings(address="a", ca_bytes=given)), "vault-agent")
        assert {"name": "VAULT_CACERT_BYTES", "value": expected} in found["env"]


def test_a_patch_that_fails_the_injectors_process_is_no_answer() -> None:
    assert isinstance(answer({"agent-json-patch": '[{"op":"replace","path":""}]'}), Unanswered)


def test_a_mutation_that_does_not_fit_the_pod_is_no_answer() -> None:
    assert isinstance(answer({"agent-inject-containers": ""}, containers=[None, {"volumeMounts": [TOKEN]}]), Unanswered)


def test_the_pod_given_is_not_changed_and_the_readable_one_hides_no_more_than_the_configuration() -> None:
    given = pod(DB)
    before = repr(given)
    found = predict(given, "apps", SETTINGS)
    assert isinstance(found, Mutated)
    assert repr(given) == before
    readable: Any = readable_pod(found.pod)
    values = [item["value"] for item in readable["spec"]["containers"][1]["env"] if "value" in item]
    assert values == ["info", "standard", "<base64 of agentConfig>"]
