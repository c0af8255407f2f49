# The team of distributed Dagger, and its functions for verification.  The driver and all workers
# load this file.
using Dagger, Distributed

struct Workers <: DistributedMemory end

function workers_team()
    ask_workers(prepare_process)
    Workers()
end

"Call f on every worker; return the answers in the order of `workers()`."
ask_workers(f, arguments...) =
    asyncmap(w -> remotecall_fetch(f, w, arguments...), workers(); ntasks = nworkers())

computing(::Workers) = (ranks = nworkers(), threads = minimum(ask_workers(Threads.nthreads)))
most_blas_threads(::Workers) = maximum(something.([blas_threads(); ask_workers(blas_threads)], 0))

# Once the launcher has seen a worker end, it ends this process.
let_launcher_speak(::Workers) = (sleep(1); WORKER_ENDED[] === nothing && sleep(2WORKER_END_SECONDS))

kernel_arguments(::Workers, case) = distributed_arguments(case)

"Call the kernel on the driver; workers compute, so what they use counts."
function timed_call(::Workers, kernel, arguments)
    ask_workers(begin_use)
    call = metered(() -> Base.invokelatest(kernel, arguments...))
    uses = ask_workers(used)
    merge(call, (busy = sum(u.busy for u in uses), threads = sum(u.threads for u in uses),
                 input = maximum(u.input for u in [uses; call])))
end

is_chunks(x) = x isa AbstractDict &&
               all(k isa Tuple{Int,Int} && v isa Dagger.Chunk for (k, v) in x)

owner(chunk) = chunk.handle.owner

"Return a fault unless every tile is a Chunk of the right size on a worker."
function tiles_fault(::Workers, chunks, expected, n, tile)
    is_chunks(chunks) || return "the kernel returned $(brief(chunks)), not a Dict of Chunks"
    for ij in sort!(collect(keys(chunks)))
        owner(chunks[ij]) in workers() || return "tile $ij is not on a worker but on the driver"
    end
    found = merge(Dict{Tuple{Int,Int},Any}(), ask_owners(sizes, chunks)...)
    fault = tile_fault(found, expected, n, tile)
    fault === nothing || return fault
    owner_fault(owned_here(keys(chunks), n, tile), expected)
end

function owners_fault(f, ::Workers, chunks)
    faults = filter(!isnothing, ask_owners(f, chunks))
    isempty(faults) ? nothing : first(faults)
end

"Call f on every owner with the tiles it owns, without Dagger's scheduler; return the answers."
function ask_owners(f, chunks, arguments...)
    asyncmap(sort!(unique(owner(c) for c in values(chunks))); ntasks = nworkers()) do w
        theirs = Dict(ij => c for (ij, c) in chunks if owner(c) == w)
        remotecall_fetch(with_tiles, w, f, theirs, arguments...)
    end
end

with_tiles(f, chunks, arguments...) =
    f(Dict(ij => Dagger.MemPool.poolget(c.handle) for (ij, c) in chunks), arguments...)

"Spoil tile (i, j): on its owner, or by a new Chunk if its size must change."
function corrupt_tiles!(::Workers, what, chunks, ij)
    if what == "a tile without owner"
        delete!(chunks, ij)
    elseif what == "a tile of another size"
        here = Dagger.scope(worker = owner(chunks[ij]))
        chunks[ij] = fetch(Dagger.@spawn(scope = here, zeros(1, 0)); raw = true)
    else
        ask_owners(corrupt_there!, Dict(ij => chunks[ij]), what)
    end
    chunks
end

corrupt_there!(tiles, what) = (foreach(ij -> corrupt_tile!(what, tiles, ij), collect(keys(tiles))); nothing)

# Two kinds of matrix for verification.  Workers apply tiles; only vectors are sent.

"A result; its owners apply their tiles."
struct OnOwners{T}
    chunks::T
end

"An input; any worker can make its tiles."
struct Anywhere{T}
    maker::T
end

result_of(::Workers, chunks) = OnOwners(chunks)
input_of(::Workers, maker) = Anywhere(maker)
share_of(::Workers, n, tile) = alltiles(n, tile)
allsum!(::Workers) = identity

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
