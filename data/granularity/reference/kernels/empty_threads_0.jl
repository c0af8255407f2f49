using Base.Threads: @spawn

"The sum of value(i) for i in 1:n, each from a task of its own."
function empty_tasks(n, value)
    tasks = [@spawn value(i) for i in 1:n]
    sum(task -> fetch(task)::Int, tasks)
end
