# One task in a @sync block.
using LinearAlgebra

function factor!(A)
    for j in axes(A, 2)
        A[j, j] = sqrt(A[j, j])
        for i in j+1:size(A, 1)
            A[i, j] /= A[j, j]
        end
        for k in j+1:size(A, 2), i in k:size(A, 1)
            A[i, k] -= A[i, j] * A[k, j]
        end
    end
end

function cholesky!(A, tile)
    @sync begin
        @debug "starting"
        Threads.@spawn factor!(A)
    end
    A
end
