# Everything in the scope of worker 2.
using Distributed, Dagger, LinearAlgebra
@everywhere using LinearAlgebra

function cholesky(n, tile, make_a)
    N = cld(n, tile)
    L = Dict{Tuple{Int,Int},Any}()
    Dagger.with_options(; scope = Dagger.scope(worker = 2)) do
        for j in 1:N, i in j:N
            L[(i, j)] = fetch(Dagger.@spawn(make_a(i, j)); raw = true)
        end
        Dagger.spawn_datadeps() do
            for k in 1:N
                Dagger.@spawn LAPACK.potrf!('L', InOut(L[(k, k)]))
                for i in k+1:N
                    Dagger.@spawn BLAS.trsm!('R', 'L', 'T', 'N', 1.0, In(L[(k, k)]), InOut(L[(i, k)]))
                end
                for j in k+1:N, i in j:N
                    Dagger.@spawn BLAS.gemm!('N', 'T', -1.0, In(L[(i, k)]), In(L[(j, k)]), 1.0,
                                             InOut(L[(i, j)]))
                end
            end
        end
    end
    return L
end
