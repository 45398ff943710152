"""What doctor.py stands on before anything is set up: the standard library, no newer grammar than 3.8."""
