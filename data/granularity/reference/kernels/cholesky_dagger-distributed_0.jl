include("dagger_tiles.jl")

# A tile that is there, or how to make it: a task of its own for that would cost as much as a third of
# a product of tiles.
@everywhere made(T::Matrix) = T
@everywhere made((make, i, j)) = make(i, j)

# The kernels of tiles.  They change the last tile, which the worker owns or makes, and return it.
@everywhere function potrf!(offset, last_tile)
    T = made(last_tile)
    _, info = LAPACK.potrf!('L', T)
    info == 0 || throw(PosDefException(offset + info))
    T
end
@everywhere trsm!(D, T) = BLAS.trsm!('R', 'L', 'T', 'N', 1.0, D, made(T))
@everywhere syrk!(L, T) = BLAS.syrk!('L', 'N', -1.0, L, 1.0, made(T))
@everywhere gemm!(L, R, T) = BLAS.gemm!('N', 'T', -1.0, L, R, 1.0, made(T))

"""
Tiles (i,j), i ≥ j, of L as Dict -> Dagger.Chunk, each living on its owner (block-cyclic over
workers()).  Same loop as in shared memory; each task gets what the last tasks on its tiles returned.
The scope makes it owner-computes, and a finished tile is copied once to each worker that needs it.
"""
function cholesky(n, tile, make_a)
    N, grid = cld(n, tile), worker_grid()
    at(i, j) = Dagger.scope(worker = owner(grid, i, j))
    T = Dict{Tuple{Int,Int},Any}((i, j) => (make_a, i, j) for j in 1:N for i in j:N)
    copies = Dict{Tuple{Int,Int,Int},Any}()
    function here(i, k, w)                       # tile (i,k), finished, on worker w
        owner(grid, i, k) == w && return T[i, k]
        get!(() -> copy_to(w, T[i, k]), copies, (i, k, w))
    end
    for k in 1:N
        T[k, k] = Dagger.@spawn scope = at(k, k) potrf!((k - 1) * tile, T[k, k])
        for i in k+1:N
            D = here(k, k, owner(grid, i, k))
            T[i, k] = Dagger.@spawn scope = at(i, k) trsm!(D, T[i, k])
        end
        for j in k+1:N, i in j:N
            L, R = here(i, k, owner(grid, i, j)), here(j, k, owner(grid, i, j))
            T[i, j] = i == j ? Dagger.@spawn(scope = at(i, j), syrk!(L, T[i, j])) :
                               Dagger.@spawn(scope = at(i, j), gemm!(L, R, T[i, j]))
        end
        yield()                                  # to the scheduler, which starts these tasks
    end
    try
        Dict(ij => fetch(task; raw = true) for (ij, task) in T)
    catch e
        throw(Dagger.Sch.unwrap_nested_exception(e))
    end
end
