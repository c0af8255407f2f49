# A task a worker, each in the scope of its own.
using Distributed
using Dagger

@everywhere begin
    using Dagger

    f(x) = 4 / (1 + x^2)

    function integrate(range, h)
        s = 0.0
        for i in range
            s += f((i - 0.5) * h)
        end
        return s
    end
end

function compute_pi(n)
    ws = workers()
    h = 1 / n
    tasks = map(enumerate(ws)) do (index, w)
        range = div((index - 1) * n, length(ws))+1:div(index * n, length(ws))
        Dagger.@spawn scope = Dagger.scope(worker = w) integrate(range, h)
    end
    return h * sum(fetch.(tasks))
end
