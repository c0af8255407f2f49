# @spawn of Distributed, not of Base.Threads.
using Distributed: @spawn

function rule(n)
    s = 0.0
    for i in 1:n
        s += 4 / (1 + ((i - 0.5) / n)^2)
    end
    s / n
end

compute_pi(n) = sum(fetch.([@spawn rule(n) for _ in 1:4])) / 4
