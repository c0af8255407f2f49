/*
This file implements the lower Cholesky factor L of a symmetric positive definite n × n matrix A = L*L' by tiles.
It uses MPI.jl for parallel computation and BLAS/LAPACK for matrix operations.
*/

using MPI, LinearAlgebra

const eps = Base.eps(Float64)

function make_a(i::Int, j::Int, tile::Int, n::Int)::Matrix{Float64}
    B = randn(tile, tile) * sqrt(1/n)
    return B * transpose(B) + i*n*eps()*eye(tile)
end

function cholesky(comm::MPI.Comm, n::Int, tile::Int, make_a::Function)::Dict{Tuple{Int,Int},Matrix{Float64}}
    L = zeros(Float64, n, n)
    L[1, 1] = sqrt(1/n)

    for i in 2:n
        for j in 1:i-1
            sum_ii = 0.0
            sum_ji = 0.0
            for k in 1:j-1
                sum_ii += L[i, k] * L[j, k]
                sum_ji += L[i, k] * L[k, j]
            end
            L[i, j] = (make_a(i, j, tile, n) - sum_ii - sum_ji) / L[j, j]
        end
        if i == n
            for j in 1:i-1
                sum_ii = 0.0
                for k in 1:j-1
                    sum_ii += L[i, k] * L[j, k]
                end
                L[i, j] = (make_a(i, j, tile, n) - sum_ii) / L[j, j]
            end
        end
    end

    return Dict{Tuple{Int,Int},Matrix{Float64}}(i => L[i, i:j] for i in 1:n for j in (i+1):n)
end