# A task when the file is loaded, none in the kernel.
using Base.Threads: @spawn, @threads
wait(@spawn 1 + 1)
@threads for i in 1:10
    i^2
end

function rule(n)
    s = 0.0
    for i in 1:n
        s += 4 / (1 + ((i - 0.5) / n)^2)
    end
    s / n
end

compute_pi(n) = rule(n)
