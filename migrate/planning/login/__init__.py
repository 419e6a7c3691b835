"""Cases of kind `login`: a workload's database password, which Vault shall rotate.

case         the case
candidates   which workload a phase speaks of        absence      why there is none, and what is there instead
subjects     what operations need to know of it      logins       the login in use today
pod, foresee what the cutover changes of its pod, and that pod as the injector's rules see it
names        what its checks ask for
remarks      what must be known before               notes        and what stays true after
"""
