# A stand-in for tests: it is NOT MPI.jl; it has only the calls that the reference programs and the
# harness make, with the same signatures and meaning.
#
# The ranks are processes that mpiexec starts; the Open MPI of the system does the work.
__precompile__(false)       # ranks that start together would race for the cache
module MPI

using Libdl
using Serialization: serialize, deserialize

const libmpi = "libmpi.so.40"               # Open MPI 4 and 5
dlopen(libmpi, RTLD_LAZY | RTLD_GLOBAL)     # Open MPI's plug-ins look for its symbols

struct MPIError <: Exception
    code::Cint
end
function Base.showerror(io::IO, e::MPIError)
    text, n = zeros(UInt8, 256), Ref{Cint}(0)
    ccall((:MPI_Error_string, libmpi), Cint, (Cint, Ptr{UInt8}, Ptr{Cint}), e.code, text, n)
    print(io, "MPIError(", e.code, "): ", String(text[1:n[]]))
end
check(code) = code == 0 ? nothing : throw(MPIError(code))

"Call libmpi, as in `@mpi MPI_Barrier(comm.handle::Handle)`; throw an error code."
macro mpi(call)
    name, arguments = call.args[1], call.args[2:end]
    values, types = [a.args[1] for a in arguments], [a.args[2] for a in arguments]
    esc(:(check(ccall(($(QuoteNode(name)), libmpi), Cint, ($(types...),), $(values...)))))
end

# Open MPI's handles are addresses; the predefined ones are those of its global variables.
const Handle = Ptr{Cvoid}
predefined(name) = Handle(dlsym(dlopen(libmpi), Symbol("ompi_", name)))

mutable struct Comm
    handle::Handle
end
const COMM_WORLD = Comm(predefined("mpi_comm_world"))

struct Datatype
    handle::Handle
end
const DATATYPES = Dict(T => Datatype(predefined("mpi_$name")) for (T, name) in
    [Float64 => "double", Float32 => "float", Int8 => "int8_t", Int16 => "int16_t",
     Int32 => "int32_t", Int64 => "int64_t", UInt8 => "uint8_t", UInt16 => "uint16_t",
     UInt32 => "uint32_t", UInt64 => "uint64_t"])
Datatype(T::Type) = get(() -> throw(ArgumentError("the stand-in cannot send $T")), DATATYPES, T)

const OPERATIONS = Dict{Any,Handle}(f => predefined("mpi_op_$name") for (f, name) in
    Any[(+) => "sum", (*) => "prod", min => "min", max => "max"])
operation(f) = get(() -> throw(ArgumentError("the stand-in cannot reduce by $f")), OPERATIONS, f)

struct Buffer{A}
    data::A
    count::Cint
    datatype::Datatype
end
Buffer(x::Union{Array,Base.FastContiguousSubArray}) =
    Buffer(x, Cint(length(x)), Datatype(eltype(x)))
Buffer(x::Base.RefValue) = Buffer(x, Cint(1), Datatype(eltype(x)))
Buffer(x::Number) = Buffer(Ref(x))
address(x::AbstractArray) = Handle(pointer(x))
address(x::Base.RefValue) = Base.unsafe_convert(Handle, x)
address(b::Buffer) = address(b.data)

"A request, and the buffer that must live until it is complete."
mutable struct Request
    handle::Base.RefValue{Handle}
    buffer::Any
end
const REQUEST_NULL = predefined("request_null")
Request(buffer = nothing) = Request(Ref(REQUEST_NULL), buffer)
setbuffer!(request::Request, buffer) = request.buffer = buffer

Initialized() = (x = Ref{Cint}(0); @mpi(MPI_Initialized(x::Ptr{Cint})); x[] != 0)
Finalized() = (x = Ref{Cint}(0); @mpi(MPI_Finalized(x::Ptr{Cint})); x[] != 0)
Finalize() = Finalized() ? nothing : @mpi(MPI_Finalize())

function Init(; threadlevel = :serialized)
    Finalized() && error("MPI cannot be initialized after MPI.Finalize has been called.")
    Initialized() && return
    serialized, provided = 2, Ref{Cint}(0)
    @mpi MPI_Init_thread(C_NULL::Handle, C_NULL::Handle, serialized::Cint, provided::Ptr{Cint})
    errors_return = predefined("mpi_errors_return")
    @mpi MPI_Comm_set_errhandler(COMM_WORLD.handle::Handle, errors_return::Handle)
    finalize_at_exit()
end

# Not after an exception: other ranks can wait in another call, and Finalize would wait for them.
if VERSION >= v"1.9-"
    finalize_at_exit() = atexit(code -> code == 0 && Finalize())
else
    finalize_at_exit() =
        atexit(() -> ccall(:jl_current_exception, Any, ()) === nothing && Finalize())
end

Abort(comm::Comm, code) = @mpi MPI_Abort(comm.handle::Handle, code::Cint)
Wtime() = ccall((:MPI_Wtime, libmpi), Cdouble, ())

function Comm_rank(comm::Comm)
    rank = Ref{Cint}(0)
    @mpi MPI_Comm_rank(comm.handle::Handle, rank::Ptr{Cint})
    Int(rank[])
end
function Comm_size(comm::Comm)
    size = Ref{Cint}(0)
    @mpi MPI_Comm_size(comm.handle::Handle, size::Ptr{Cint})
    Int(size[])
end
function Comm_split(comm::Comm, color::Integer, key::Integer)
    part = Ref(C_NULL)
    @mpi MPI_Comm_split(comm.handle::Handle, color::Cint, key::Cint, part::Ptr{Handle})
    Comm(part[])
end
function free(comm::Comm)
    handle = Ref(comm.handle)
    @mpi MPI_Comm_free(handle::Ptr{Handle})
    comm.handle = handle[]                      # MPI_COMM_NULL
    nothing
end

Barrier(comm::Comm) = @mpi MPI_Barrier(comm.handle::Handle)

function Bcast!(x, root::Integer, comm::Comm)
    b = Buffer(x)
    GC.@preserve b @mpi MPI_Bcast(address(b)::Handle, b.count::Cint, b.datatype.handle::Handle,
                                  root::Cint, comm.handle::Handle)
    x
end
Bcast!(x, comm::Comm; root = 0) = Bcast!(x, root, comm)

function bcast(x, root::Integer, comm::Comm)
    bytes = Comm_rank(comm) == root ? Vector{UInt8}(sprint(serialize, x)) : UInt8[]
    count = Bcast!(Ref(length(bytes)), root, comm)[]
    Bcast!(resize!(bytes, count), root, comm)
    Comm_rank(comm) == root ? x : deserialize(IOBuffer(bytes))
end
bcast(x, comm::Comm; root = 0) = bcast(x, root, comm)

function Allreduce!(x, op, comm::Comm)
    b, in_place = Buffer(x), Handle(1)
    GC.@preserve b @mpi MPI_Allreduce(in_place::Handle, address(b)::Handle, b.count::Cint,
        b.datatype.handle::Handle, operation(op)::Handle, comm.handle::Handle)
    x
end
Allreduce(x::AbstractArray, op, comm::Comm) = Allreduce!(Array(x), op, comm)
Allreduce(x::Number, op, comm::Comm) = Allreduce!(Ref(x), op, comm)[]

function Reduce(x, op, comm::Comm; root = 0)
    given, result = Buffer(x), x isa Number ? Ref(x) : Array(x)
    GC.@preserve given result @mpi MPI_Reduce(address(given)::Handle, address(result)::Handle,
        given.count::Cint, given.datatype.handle::Handle, operation(op)::Handle, root::Cint,
        comm.handle::Handle)
    Comm_rank(comm) == root ? (x isa Number ? result[] : result) : nothing
end

function Allgather(x, comm::Comm)
    given = Buffer(x)
    n, type = given.count, given.datatype.handle
    result = Vector{eltype(x)}(undef, n * Comm_size(comm))
    GC.@preserve given result @mpi MPI_Allgather(address(given)::Handle, n::Cint, type::Handle,
        address(result)::Handle, n::Cint, type::Handle, comm.handle::Handle)
    result
end

module API
using ..MPI: @mpi, Handle, address, check, libmpi
MPI_Ibcast(data, count, datatype, root, comm, request) =
    GC.@preserve data @mpi MPI_Ibcast(address(data)::Handle, count::Cint, datatype.handle::Handle,
        root::Cint, comm.handle::Handle, request.handle::Ptr{Handle})
end

function Isend(x, comm::Comm; dest, tag = 0)
    b = Buffer(x)
    request = Request(b)
    GC.@preserve b @mpi MPI_Isend(address(b)::Handle, b.count::Cint, b.datatype.handle::Handle,
        dest::Cint, tag::Cint, comm.handle::Handle, request.handle::Ptr{Handle})
    request
end
Send(x, comm::Comm; dest, tag = 0) = Wait(Isend(x, comm; dest = dest, tag = tag))

const ANY_SOURCE, ANY_TAG = -1, -1
function Irecv!(x, comm::Comm; source = ANY_SOURCE, tag = ANY_TAG)
    b = Buffer(x)
    request = Request(b)
    GC.@preserve b @mpi MPI_Irecv(address(b)::Handle, b.count::Cint, b.datatype.handle::Handle,
        source::Cint, tag::Cint, comm.handle::Handle, request.handle::Ptr{Handle})
    request
end
Recv!(x, comm::Comm; source = ANY_SOURCE, tag = ANY_TAG) =
    (Wait(Irecv!(x, comm; source = source, tag = tag)); x)

function Iprobe(comm::Comm; source = ANY_SOURCE, tag = ANY_TAG)
    found = Ref{Cint}(0)
    @mpi MPI_Iprobe(source::Cint, tag::Cint, comm.handle::Handle, found::Ptr{Cint}, C_NULL::Handle)
    found[] != 0
end

function Wait(request::Request)
    @mpi MPI_Wait(request.handle::Ptr{Handle}, C_NULL::Handle)
    request.buffer = nothing
end
Waitall(requests::AbstractVector{Request}) = foreach(Wait, requests)

end
