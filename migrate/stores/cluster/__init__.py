"""The cluster. The only place that knows the Kubernetes client, and of it only how to send a request.

api         one request, one answer; which version of a group is served
store       what a run may write: a restart of a workload
observer    what checks may look at, each kind to whom it belongs
workloads   Deployments, their pods, and who names a Secret
secrets     Secrets without their data, and ExternalSecrets
flux        Kustomizations and HelmReleases
webhook     the injector's webhook
operators   which database operator lists a login
trial       a pod sent as a server-side dry run
accounts    ServiceAccounts, and their tokens for Vault's audience
"""
