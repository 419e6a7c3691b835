"""Vault (or OpenBao, which answers alike). The only place that knows hvac, and of it only generic requests.

api           one request, one answer, and what goes wrong with it
tokens        where the token comes from, and whose it is
store         policies, roles and connections read and written under guard
transit       one key of the Transit engine, in batches
observer      what checks may look at
certificates  what a PKI engine has issued
grants        policies, roles and mounts as they are
product       Vault or OpenBao, and which version
"""
