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
The sequential right-looking loop: each call for a tile is a Dagger task, which gets the last tasks
of all tiles that it reads or writes as arguments.
"""
function cholesky!(A, tile::Int)
    n = LinearAlgebra.checksquare(A)
    r = [k:min(k + tile - 1, n) for k in 1:tile:n]
    N = length(r)
    T(i, j) = view(A, r[i], r[j])
    last = Dict{Tuple{Int,Int},Any}((i, j) => nothing for j in 1:N for i in j:N)
    for k in 1:N
        last[k, k] = Dagger.@spawn potrf!(T(k, k), first(r[k]) - 1, last[k, k])
        for i in k+1:N
            last[i, k] = Dagger.@spawn trsm!(T(k, k), T(i, k), last[k, k], last[i, k])
        end
        for j in k+1:N
            last[j, j] = Dagger.@spawn syrk!(T(j, k), T(j, j), last[j, k], last[j, j])
            for i in j+1:N
                last[i, j] = Dagger.@spawn gemm!(
                    T(i, k), T(j, k), T(i, j), last[i, k], last[j, k], last[i, j])
            end
        end
    end
    try
        fetch(last[N, N])                        # all other tasks come before this one
    catch e
        throw(Dagger.Sch.unwrap_nested_exception(e))
    end
    A
end
