# JULIA_LOAD_PATH=<this directory>/tasks:@:@stdlib julia test_tasks.jl
#
# Tests of the MPI stand-in with tasks as ranks: its results, and the errors that it detects.
using Test, MPI
const WORLD = MPI.COMM_WORLD

"Run f(rank) on each rank, after Init."
on(f, ranks) = MPI.run_ranks(() -> (MPI.Init(); f(MPI.Comm_rank(WORLD))), ranks)

"Return the message of the exception of f on ranks, or an empty text."
failure(f, ranks) = try (on(f, ranks); "") catch e; sprint(showerror, e) end

"Post a broadcast from `root` that completes in a Wait."
function ibcast(x, root, comm)
    buffer, request = MPI.Buffer(x), MPI.Request()
    MPI.API.MPI_Ibcast(buffer.data, buffer.count, buffer.datatype, root, comm, request)
    MPI.setbuffer!(request, buffer)
    request
end

@testset "the MPI of tasks" begin
    @testset "start and end" begin
        @test MPI.run_ranks(() -> MPI.Initialized(), 2) == [false, false]
        @test on(r -> (r, MPI.Comm_size(WORLD), MPI.Initialized()), 3) ==
              [(r, 3, true) for r in 0:2]
        @test on(r -> (MPI.Finalize(); MPI.Finalized()), 2) == [true, true]
        @test_throws ErrorException MPI.run_ranks(() -> MPI.Barrier(WORLD), 1)
        @test_throws ErrorException on(r -> (MPI.Finalize(); MPI.Barrier(WORLD)), 1)
        @test_throws ErrorException on(r -> (MPI.Finalize(); MPI.Init()), 1)
        @test MPI.Init(threadlevel = :multiple) === nothing     # alone, as without mpiexec
        @test MPI.Comm_size(WORLD) == 1 && MPI.Allreduce(5, +, WORLD) == 5
    end

    @testset "collectives, $n ranks" for n in [1, 2, 3, 6]
        @test on(r -> MPI.Barrier(WORLD), n) == fill(nothing, n)
        @test on(r -> MPI.Bcast!([r, 10r], n - 1, WORLD), n) == fill([n - 1, 10(n - 1)], n)
        @test on(r -> MPI.Bcast!(fill(r, 2, 2), WORLD; root = 0), n) == fill(zeros(Int, 2, 2), n)
        @test on(r -> MPI.Bcast!(Ref(r), n - 1, WORLD)[], n) == fill(n - 1, n)
        @test on(r -> MPI.bcast((r, "$r"), n - 1, WORLD), n) == fill((n - 1, "$(n - 1)"), n)
        @test on(r -> MPI.bcast(r == 0 ? :root : 1, WORLD; root = 0), n) == fill(:root, n)
        @test on(r -> MPI.Allreduce(r + 1, +, WORLD), n) == fill(sum(1:n), n)
        @test on(r -> MPI.Allreduce(r + 1.0, *, WORLD), n) == fill(prod(1.0:n), n)
        @test on(r -> MPI.Allreduce([r -r; 1 2], max, WORLD), n) == fill([n-1 0; 1 2], n)
        @test on(r -> (v = [r, -r]; MPI.Allreduce!(v, min, WORLD); v), n) == fill([0, 1 - n], n)
        @test on(r -> MPI.Reduce(r, +, WORLD; root = n - 1), n) ==
              [fill(nothing, n - 1); sum(0:n-1)]
        @test on(r -> MPI.Reduce([r, 1], +, WORLD), n) == [[[sum(0:n-1), n]]; fill(nothing, n - 1)]
        @test on(r -> MPI.Allgather(r^2, WORLD), n) == fill([r^2 for r in 0:n-1], n)
        @test on(r -> MPI.Allgather([r, 7], WORLD), n) ==
              fill([x for r in 0:n-1 for x in (r, 7)], n)
    end

    @testset "each rank gets its own copy of the data" begin
        apart(vectors) = length(unique(objectid, vectors)) == length(vectors)
        @test apart(on(r -> MPI.bcast([1], 0, WORLD), 3))
        @test apart(on(r -> MPI.Allgather(r, WORLD), 3))
        @test apart(on(r -> MPI.Allreduce([r], +, WORLD), 3))
    end

    @testset "communicators" begin
        split(r) = (c = MPI.Comm_split(WORLD, r % 2, -r); (MPI.Comm_rank(c), MPI.Allgather(r, c)))
        even, odd = [4, 2, 0], [3, 1]
        @test on(split, 5) == [(2, even), (1, odd), (1, even), (0, odd), (0, even)]
        equal_keys(r) = MPI.Allgather(r, MPI.Comm_split(WORLD, 0, 7))
        @test on(equal_keys, 12) == fill(collect(0:11), 12)
        function of_a_split(r)
            row = MPI.Comm_split(WORLD, r ÷ 2, r)
            one = MPI.Comm_split(row, MPI.Comm_rank(row), 0)
            MPI.Allreduce(r, +, row), MPI.Comm_size(one)
        end
        @test on(of_a_split, 4) == [(1, 1), (1, 1), (5, 1), (5, 1)]
        function freed(r)
            c = MPI.Comm_split(WORLD, 0, r)
            MPI.free(c)
            MPI.Barrier(c)
        end
        @test_throws MPI.MPIError(5) on(freed, 2)
        @test_throws MPI.MPIError(5) on(r -> MPI.free(WORLD), 1)
        @test_throws MPI.MPIError(8) on(r -> MPI.Bcast!([r], 2, WORLD), 2)
        broadcast_over(comm) = tuple.([1, 2], comm)
        @test_throws MethodError on(r -> broadcast_over(WORLD), 1)
    end

    @testset "Ibcast: $what" for (what, delay) in ["posted first" => 0, "posted last" => 1]
        function late(r)
            x = fill(Float64(r), 2, 2)
            r == delay && yield()
            request = ibcast(x, 1, WORLD)
            r == 0 && MPI.Send([1], WORLD; dest = 1)            # does not wait for the others
            r == 1 && MPI.Recv!([0], WORLD; source = 0)
            before = copy(x)
            MPI.Waitall([request, MPI.Request()])
            MPI.Wait(request)                                   # complete: nothing to wait for
            before, x
        end
        @test on(late, 3) == [(fill(Float64(r), 2, 2), ones(2, 2)) for r in 0:2]
    end

    @testset "Ibcast: several under way, on two communicators" begin
        function two(r)
            row = MPI.Comm_split(WORLD, r ÷ 2, r)
            x, y, z = [r], [r], [r]
            requests = [ibcast(x, 0, WORLD), ibcast(y, 1, row), ibcast(z, 3, WORLD)]
            total = MPI.Allreduce(1, +, row)
            MPI.free(row)                                       # pending operations still complete
            MPI.Waitall(reverse(requests))
            [x; y; z; total]
        end
        @test on(two, 4) == [[0, 1, 3, 2], [0, 1, 3, 2], [0, 3, 3, 2], [0, 3, 3, 2]]
    end

    @testset "Send and Recv!" begin
        function ring(r)
            a, b, next, previous = [0], [0], mod(r + 1, 3), mod(r - 1, 3)
            requests = [MPI.Irecv!(a, WORLD; source = previous, tag = 1),
                        MPI.Irecv!(b, WORLD; source = previous, tag = 2),
                        MPI.Isend([10r], WORLD; dest = next, tag = 2),
                        MPI.Isend([r], WORLD; dest = next, tag = 1)]
            MPI.Waitall(requests)
            (a[1], b[1])
        end
        @test on(ring, 3) == [(2, 20), (0, 0), (1, 10)]
        function in_order(r)
            r == 0 && foreach(i -> MPI.Send([i], WORLD; dest = 1), 1:3)
            r == 1 ? [MPI.Recv!([0], WORLD; source = 0)[1] for _ in 1:3] : []
        end
        @test on(in_order, 2)[2] == [1, 2, 3]
        function as_posted(r)
            r == 0 && return foreach(i -> MPI.Send([i], WORLD; dest = 1), 1:2)
            a, b = [0], [0]
            first, second = MPI.Irecv!(a, WORLD), MPI.Irecv!(b, WORLD)
            MPI.Wait(second)
            MPI.Wait(first)
            (a[1], b[1])
        end
        @test on(as_posted, 2)[2] == (1, 2)
        function crossing(r)
            r == 0 && foreach(i -> MPI.Send([10i], WORLD; dest = i), [2, 1])
            r == 1 && MPI.Send([30], WORLD; dest = 2)
            [MPI.Recv!([0], WORLD; source = i)[1] for i in [Int[], [0], [1, 0]][r+1]]
        end
        @test on(crossing, 3) == [[], [10], [30, 20]]
        too_long(r) = r == 0 ? MPI.Send([1, 2], WORLD; dest = 1) : MPI.Recv!([0], WORLD; source = 0)
        @test_throws MPI.MPIError(15) on(too_long, 2)
        @test_throws MPI.MPIError(6) on(r -> MPI.Send([1], WORLD; dest = 2), 2)
    end

    @testset "collectives that do not match" begin
        message = failure(r -> r == 1 ? MPI.Allreduce(r, +, WORLD) : MPI.Barrier(WORLD), 3)
        @test message == "rank 1 is in Allreduce(1 $Int, +), but rank 0 in Barrier, " *
                         "on the same communicator"
        went_on = Int[]
        failure(r -> (r == 1 ? MPI.bcast(r, WORLD) : MPI.Barrier(WORLD); push!(went_on, r)), 2)
        @test isempty(went_on)
        of_length(r) = MPI.Bcast!(zeros(r + 1), 0, WORLD)
        @test occursin("Bcast!(2 Float64, root 0), but rank 0 in Bcast!(1 ", failure(of_length, 2))
        @test occursin("root 1", failure(r -> MPI.bcast(r, r, WORLD), 2))
        @test occursin("Float64", failure(r -> MPI.Allreduce(r == 0 ? 1 : 1.0, +, WORLD), 2))
        kinds(r) = r == 0 ? MPI.Wait(ibcast([r], 0, WORLD)) : MPI.Bcast!([r], 0, WORLD)
        @test occursin("Ibcast", failure(kinds, 2))
    end

    @testset "deadlock" begin
        @test failure(r -> r == 0 ? 0 : MPI.Barrier(WORLD), 3) ==
              "ranks 1, 2 wait in Barrier for rank 0, which has returned"
        @test failure(r -> r == 2 ? MPI.Barrier(WORLD) : 0, 3) ==
              "rank 2 waits in Barrier for ranks 0, 1, which have returned"
        @test failure(r -> MPI.Recv!([0], WORLD; source = 1 - r), 2) ==
              "rank 0 waits in Recv! for rank 1; rank 1 waits in Recv! for rank 0"
        function crossed(r)
            twin = MPI.Comm_split(WORLD, 0, r)
            foreach(MPI.Barrier, r == 0 ? [WORLD, twin] : [twin, WORLD])
        end
        @test failure(crossed, 2) ==
              "rank 0 waits in Barrier for rank 1; rank 1 waits in Barrier for rank 0"
        alone(r) = r == 0 && MPI.Wait(ibcast([r], 0, WORLD))
        @test occursin("waits in Ibcast", failure(alone, 2))
        slow(r) = (r == 0 && sleep(0.2); MPI.Barrier(WORLD); r)     # a working rank is not stuck
        @test on(slow, 3) == [0, 1, 2]
    end

    @testset "a rank that throws" begin
        seen = Dict{Int,String}()
        function one_throws(r)
            MPI.Barrier(WORLD)
            r == 1 && throw(DomainError(r))
            try
                MPI.Allreduce(r, +, WORLD)
            catch e
                seen[r] = sprint(showerror, e)
                rethrow()
            end
        end
        @test_throws DomainError(1) on(one_throws, 3)
        @test sort!(collect(keys(seen))) == [0, 2]
        @test all(m -> occursin(r"stopped in Allreduce.*DomainError"s, m), values(seen))
        @test on(r -> MPI.Allreduce(r, +, WORLD), 3) == [3, 3, 3]   # a new run is not stopped
        passed = Int[]
        after_it(r) = (MPI.Barrier(WORLD); r == 2 ? throw(DomainError(r)) : push!(passed, r))
        @test_throws DomainError(2) on(after_it, 3)
        @test sort!(passed) == [0, 1]                               # the barrier was complete
        no_sender(r) = r == 0 ? throw(DomainError(0)) : MPI.Recv!([0], WORLD)
        @test_throws DomainError(0) on(no_sender, 2)
        @test occursin("rank 1 called Abort with code 7",
                       failure(r -> r == 1 ? MPI.Abort(WORLD, 7) : MPI.Barrier(WORLD), 2))
        swallowed(r) = try MPI.Barrier(r == 0 ? MPI.Comm_split(WORLD, 0, 0) : WORLD) catch; end
        @test occursin("Comm_split", failure(swallowed, 2))
    end

    @testset "a task that is not a rank" begin
        @test_throws TaskFailedException on(r -> fetch(@async MPI.Comm_rank(WORLD)), 1)
    end
end
