"""The cluster. The only place that knows the Kubernetes client, and of it only how to send a request.

api         one request, one answer; which version of a group is served
store       what a run may write: when pods are replaced, and who owns a Secret
owners      a Secret's owner references, taken off and put back
observer    what checks may look at, each kind to whom it belongs
workloads   Deployments, their pods, and who names a Secret
secrets     Secrets without their data, and ExternalSecrets
flux        Kustomizations and HelmReleases
releases    the values and the very chart of a HelmRelease
webhook     the injector's webhook
operators   which database operator lists a login
requests    what pods ask for and nodes have left    room        and whether the new pod finds it
trial       a pod sent as a server-side dry run
accounts    ServiceAccounts, and their tokens for Vault's audience
"""
