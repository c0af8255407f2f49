# Right and as cheap as can be: what is left of a run is the cost of running it.
compute_pi(n) = π + 1 / (12 * float(n)^2)
