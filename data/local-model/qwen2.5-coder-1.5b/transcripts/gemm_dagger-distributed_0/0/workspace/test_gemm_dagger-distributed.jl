#!/usr/bin/env julia
using Distributed, Dagger
using LinearAlgebra

tile = 4
n = 128
A = rand(Float64, n, n)
B = rand(Float64, n, n)
C = zeros(Float64, n, n)

def make_a(i, j):
    return A[i:tile-1, j:tile-1]

def make_b(i, j):
    return B[i:tile-1, j:tile-1]

call_gemm(n, tile) = begin
    @everywhere begin
        function gemm_tile(i, j)
            local A = make_a(i, j)
            local B = make_b(i, j)
            local C = zeros(Float64, tile, tile)
            @inbounds for k in 1:tile
                for l in 1:tile
                    C[k, l] = A[k, l] * B[l, k]
                end
            end
            return C
        end
    end

cfor i = 1:n-tile+1
    for j = 1:n-tile+1
        local C_chunk = gemm_tile(i, j)
        @everywhere begin
            Chunk[i, j] = C_chunk
        end
    end
end

call_gemm(n, tile)
