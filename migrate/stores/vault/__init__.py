"""Vault (or OpenBao, which answers alike). The only place that knows hvac, and of it only generic requests.

api         one request, one answer, and what goes wrong with it
store       policies, roles and connections read and written under guard
tokens      where the token comes from, and whose it is
observer    what checks may look at
"""
