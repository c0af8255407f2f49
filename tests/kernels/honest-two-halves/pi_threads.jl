# Two tasks, written out.
function rule(range, n)
    s = 0.0
    for i in range
        x = (i - 0.5) / n
        s += 4 / (1 + x^2)
    end
    s
end

function compute_pi(n)
    half = n ÷ 2
    sums = zeros(2)
    @sync begin
        Threads.@spawn sums[1] = rule(1:half, n)
        Threads.@spawn sums[2] = rule(half+1:n, n)
    end
    return sum(sums) / n
end
