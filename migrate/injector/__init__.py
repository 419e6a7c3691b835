"""What the Vault Agent Injector does with a pod, predicted without a cluster.

Follows **vault-k8s 1.7.6** (Kubernetes API types v0.36.3). `prediction.predict` is the whole answer: left alone,
refused with the exact text, or mutated into exactly this pod with exactly this agent configuration.

    settings     the injector's own environment            annotation    names and defaults
    agent        every annotation read, in order           secret        one file to be rendered
    tokenvolume  which token the agents log in with        volumes       volumes and mounts
    containers   the two agents                            agentconfig   what VAULT_CONFIG says
    mutation     the patch, and how it lands               containerpatch  the user's patch of an agent
    prediction   the answer                                admission     what the API server adds and refuses
    lint         a pod's traps                             footprint     what a planner wants to know
    workload     the pod that a manifest makes             review        asked and answered as an AdmissionReview
    oneshot      the agent, run once for the same files    refusal       the two ways of no answer
    gotext, gojson, quantity, podtypes                     how Go and Kubernetes read and write

How to follow a newer injector: start that injector with the settings of a recorded answer, send its webhook
each recorded pod as an AdmissionReview (v1, the pod under request.object), apply the returned JSON patch to
the pod, decode VAULT_CONFIG of every container that has one, sort its templates as `prediction.agent_configs`
does, and write settings, request and answer in the shape of the existing ones. Then run the tests against
the new answers: what differs is what changed. `podtypes.txt` comes from reflection over the Pod type of the
k8s.io/api version in the injector's go.mod. Random mixtures of annotations, pods and settings, answered by
the injector's own code and by this package, find more than any list of cases; that is how this was checked.

Deliberately not modelled:

- Random order. The injector walks Go maps; templates, `vault-secrets-custom-N` and AWS variables come here
  in the order of the annotation names. Two parameters that differ in `-` and `_` only: the later name wins.
- What happens before the webhook: object selectors, namespace selectors, operations its rule does not send
  (only CREATE is sent), failure policy, time-outs. The operation changes nothing in the injector itself.
- Times inside the pod are not parsed, keys that differ from Kubernetes' own spelling in letter case only
  are read but not patched, and numbers lose their spelling (`1e3`) where an error text would quote it.
- Quantities with absurd exponents (beyond 10^400): the real injector can hang on them, this does not.
- API server validation beyond what injection brings about (see `admission`); quotas and Pod Security.
- Patches on which the injector's process fails are `Unanswered`, without a claim about the failure policy.
"""
