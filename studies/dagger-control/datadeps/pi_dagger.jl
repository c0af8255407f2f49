using Dagger

function midpoints!(sum, lo, hi, h)
    s = 0.0
    @simd for i in lo:hi
        x = (i - 0.5) * h
        s += 4 / (1 + x * x)
    end
    sum[1] = s
    nothing
end

"Midpoint rule for ∫₀¹ 4/(1+x²) dx with n points, in a datadeps region with one task per thread."
function compute_pi(n::Int)
    parts = min(n, Threads.nthreads())
    block(p) = div((p - 1) * n, parts) + 1, div(p * n, parts)
    sums = [zeros(1) for p in 1:parts]
    Dagger.spawn_datadeps() do
        for p in 1:parts
            Dagger.@spawn midpoints!(Out(sums[p]), block(p)..., 1 / n)
        end
    end
    sum(only, sums) / n
end
