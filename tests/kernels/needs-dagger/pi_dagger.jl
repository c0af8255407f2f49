# Needs a package that the framework needs too: where it is missing, nothing is started.
using Dagger

compute_pi(n) = sum(fetch(Dagger.@spawn 4 / (1 + ((i - 0.5) / n)^2)) for i in 1:n) / n
