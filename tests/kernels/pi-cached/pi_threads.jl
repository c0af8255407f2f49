# The constant π: right to every digit at large n, but not the sum asked for.
compute_pi(n) = float(π)
