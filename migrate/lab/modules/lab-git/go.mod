module migrate.lab/lab-git

go 1.24.0
