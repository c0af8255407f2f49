using Dagger, LinearAlgebra

# The kernels of tiles.  Further arguments are Dagger tasks that must be done before.
function potrf!(T, offset, tasks...)
    _, info = LAPACK.potrf!('L', T)
    info == 0 || throw(PosDefException(offset + info))
    nothing
end
trsm!(D, T, tasks...) = (BLAS.trsm!('R', 'L', 'T', 'N', 1.0, D, T); nothing)
syrk!(L, T, tasks...) = (BLAS.syrk!('L', 'N', -1.0, L, 1.0, T); nothing)
gemm!(L, R, T, tasks...) = (BLAS.gemm!('N', 'T', -1.0, L, R, 1.0, T); nothing)

"""
Lower Cholesky factor in the lower triangle of A; the strict upper triangle is not touched.

The sequential right-looking loop: each call for a tile is a Dagger task, which gets the last tasks of
all tiles that it reads or writes.  Not in a datadeps region, which gives a thread all ready tasks at
once: the scheduler runs on the first of the threads, and would wait there until they are done.  Here
a thread takes one task at a time.  The scopes deal the tiles out to the threads, because Dagger's own
choice for long tasks is any thread but the first.
"""
function cholesky!(A, tile::Int)
    n = LinearAlgebra.checksquare(A)
    r = [k:min(k + tile - 1, n) for k in 1:tile:n]
    N = length(r)
    T(i, j) = view(A, r[i], r[j])
    at(i, j) = Dagger.scope(worker = 1, thread = mod1(i + j, Threads.nthreads()))
    last = Dict{Tuple{Int,Int},Any}((i, j) => nothing for j in 1:N for i in j:N)
    for k in 1:N
        last[k, k] = Dagger.@spawn scope = at(k, k) potrf!(T(k, k), first(r[k]) - 1, last[k, k])
        for i in k+1:N
            last[i, k] = Dagger.@spawn scope = at(i, k) trsm!(T(k, k), T(i, k), last[k, k], last[i, k])
        end
        for j in k+1:N
            last[j, j] = Dagger.@spawn scope = at(j, j) syrk!(T(j, k), T(j, j), last[j, k], last[j, j])
            for i in j+1:N
                last[i, j] = Dagger.@spawn scope = at(i, j) gemm!(
                    T(i, k), T(j, k), T(i, j), last[i, k], last[j, k], last[i, j])
            end
        end
        yield()                                  # to the scheduler, which starts these tasks
    end
    try
        fetch(last[N, N])                        # all other tasks come before this one
    catch e
        throw(Dagger.Sch.unwrap_nested_exception(e))
    end
    A
end
