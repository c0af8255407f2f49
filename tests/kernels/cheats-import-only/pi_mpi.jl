using MPI

function rule(n)
    s = 0.0
    for i in 1:n
        s += 4 / (1 + ((i - 0.5) / n)^2)
    end
    s / n
end

compute_pi(comm, n) = rule(n)
