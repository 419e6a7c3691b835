module migrate.lab/lab-fault

go 1.24.0
