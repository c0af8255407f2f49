using Distributed, Dagger

"The sum of value(i) for i in 1:n, each from a Dagger task of its own, on the workers in turn."
function empty_tasks(n, value)
    scopes = [Dagger.scope(worker = w) for w in workers()]
    tasks = [Dagger.@spawn scope = scopes[mod1(i, length(scopes))] value(i) for i in 1:n]
    sum(task -> fetch(task)::Int, tasks)
end
