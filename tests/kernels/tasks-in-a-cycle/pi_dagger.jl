# Two tasks fetch each other.
using Dagger

function compute_pi(n)
    tasks = Vector{Any}(undef, 2)
    function result_of(other)
        while !isassigned(tasks, other)
            sleep(0.01)
        end
        fetch(tasks[other])
    end
    tasks[1] = Dagger.@spawn result_of(2)
    tasks[2] = Dagger.@spawn result_of(1)
    fetch(tasks[1])
end
