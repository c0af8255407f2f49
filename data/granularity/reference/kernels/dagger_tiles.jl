using Distributed, Dagger, LinearAlgebra
@everywhere using Dagger, LinearAlgebra

"The workers as a P×Q grid; tile (i,j) lives on the worker `owner(grid, i, j)`: 2-D block-cyclic."
function worker_grid(ws = workers())
    P = maximum(filter(d -> length(ws) % d == 0, 1:isqrt(length(ws))))
    reshape(ws, P, :)
end
owner(grid, i, j) = grid[mod1(i, size(grid, 1)), mod1(j, size(grid, 2))]

"""
A task that copies what a task returned to worker w, where later tasks find it.  It takes up no
thread, so it waits for the data while the worker computes.
"""
copy_to(w, task) =
    Dagger.@spawn scope = Dagger.scope(worker = w) occupancy = Dict(Any => 0) identity(task)
