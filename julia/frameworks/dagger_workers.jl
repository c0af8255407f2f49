# The workers of distributed Dagger, as the driver sees them, and what verification asks of them:
# driver and workers both load this file.
using Dagger, Distributed

struct Workers <: Team end

function workers_team()
    ask_workers(one_blas_thread)
    Workers()
end

"Call f on every worker; the answers in the order of `workers()`."
ask_workers(f, arguments...) =
    asyncmap(w -> remotecall_fetch(f, w, arguments...), workers(); ntasks = nworkers())

one_blas_thread() = (BLAS.set_num_threads(1); nothing)

computing(::Workers) = (ranks = nworkers(), threads = minimum(ask_workers(Threads.nthreads)))
most_blas_threads(::Workers) = maximum(something.([blas_threads(); ask_workers(blas_threads)], 0))

kernel_name(::Workers, ::Pi) = :compute_pi
kernel_name(::Workers, ::Gemm) = :gemm
kernel_name(::Workers, ::Cholesky) = :cholesky

kernel_arguments(::Workers, case::Pi) = (case.n,)
kernel_arguments(::Workers, case::Gemm) = (case.n, case.tile, case.A, case.B)
kernel_arguments(::Workers, case::Cholesky) = (case.n, case.tile, case.A)

timed_call(::Workers, kernel, arguments) = @timed Base.invokelatest(kernel, arguments...)

kernel_error(::Workers, case::Pi, arguments, returned, seed) = pi_error(returned, case.n)

function kernel_error(::Workers, case::Gemm, arguments, chunks, seed)
    n, tile = case.n, case.tile
    fault = chunk_fault(chunks, alltiles(n, tile), n, tile)
    fault === nothing || return fault
    gemm_error(OnOwners(chunks), Anywhere(case.A), Anywhere(case.B), n, tile; seed = seed,
               owned = keys(chunks))
end

function kernel_error(::Workers, case::Cholesky, arguments, chunks, seed)
    n, tile = case.n, case.tile
    fault = chunk_fault(chunks, lowertiles(n, tile), n, tile)
    fault === nothing || return fault
    faults = filter(!isnothing, ask_owners(diagonal_fault, chunks))
    isempty(faults) || return first(faults)
    cholesky_error(OnOwners(chunks), Anywhere(case.A), n, tile; seed = seed, owned = keys(chunks))
end

is_chunks(x) = x isa AbstractDict &&
               all(k isa Tuple{Int,Int} && v isa Dagger.Chunk for (k, v) in x)

owner(chunk) = chunk.handle.owner

"What breaks the promise that every tile is a Chunk on a worker, of the right size."
function chunk_fault(chunks, expected, n, tile)
    is_chunks(chunks) || return "the kernel returned $(brief(chunks)), not a Dict of Chunks"
    for ij in sort!(collect(keys(chunks)))
        owner(chunks[ij]) in workers() || return "tile $ij is not on a worker but on the driver"
    end
    found = merge(Dict{Tuple{Int,Int},Any}(), ask_owners(sizes, chunks)...)
    fault = tile_fault(found, expected, n, tile)
    fault === nothing || return fault
    owner_fault(owned_here(keys(chunks), n, tile), expected)
end

"Call f with its tiles on every worker that has some, outside of Dagger and its scheduler."
function ask_owners(f, chunks, arguments...)
    asyncmap(sort!(unique(owner(c) for c in values(chunks))); ntasks = nworkers()) do w
        theirs = Dict(ij => c for (ij, c) in chunks if owner(c) == w)
        remotecall_fetch(with_tiles, w, f, theirs, arguments...)
    end
end

with_tiles(f, chunks, arguments...) =
    f(Dict(ij => Dagger.MemPool.poolget(c.handle) for (ij, c) in chunks), arguments...)

# Two kinds of matrix for verification.  Tiles are applied where they are; only vectors travel.

"A result, its tiles with their owners."
struct OnOwners{T}
    chunks::T
end

"An input, whose tiles any worker can make."
struct Anywhere{T}
    maker::T
end

function apply(M::OnOwners, keys, x, n, tile; op, trans = false)
    sum(ask_owners(apply_tiles, M.chunks, x, n, tile, op, trans))
end

function apply(M::Anywhere, keys, x, n, tile; op, trans = false)
    shares = [vec(keys)[k:nworkers():end] for k in 1:nworkers()]
    sum(asyncmap(workers(), shares; ntasks = nworkers()) do w, share
        remotecall_fetch(apply_share, w, M.maker, share, x, n, tile, op, trans)
    end)
end

apply_tiles(tiles, x, n, tile, op, trans) =
    apply_share((i, j) -> tiles[(i, j)], keys(tiles), x, n, tile, op, trans)
apply_share(M, keys, x, n, tile, op, trans) = apply(M, keys, x, n, tile; op = op, trans = trans)
