using Dagger

"The sum of value(i) for i in 1:n, each from a Dagger task of its own."
function empty_tasks(n, value)
    tasks = [Dagger.@spawn value(i) for i in 1:n]
    sum(task -> fetch(task)::Int, tasks)
end
