using Base.Threads: @spawn, @threads, nthreads

function rule(n)
    s = 0.0
    for i in 1:n
        s += 4 / (1 + ((i - 0.5) / n)^2)
    end
    s / n
end

compute_pi(n) = nthreads() > 0 ? rule(n) : 0.0
