"""Small faults put into the code by mutmut: `make mutants` says which of them no test notices."""
