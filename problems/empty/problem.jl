# Tasks that do nothing, or messages of one number: what one costs.
struct Empty <: Case
    n::Int
    seed::Int
end
Empty(n, tile, seed) = Empty(n, seed)

"The number that task or message i carries: from 1, so that each counts, to 2^20."
struct Value
    seed::Int
end
(value::Value)(i) = 1 + Int(hash_of(value.seed, i, 0) >> 44)

bound(case::Empty) = 0.5                         # of sums of integers: they are exact

kernel_arguments(::SharedMemory, case::Empty) = (case.n, Value(case.seed))
distributed_arguments(case::Empty) = (case.n, Value(case.seed))

function kernel_error(team, case::Empty, arguments, returned, seed)
    fault = number_fault(team, returned)
    fault === nothing ? Float64(abs(returned - sum(Value(case.seed), 1:case.n))) : fault
end

wrong_results(team, case::Empty) = ["a task left out"; "a task twice"; WRONG_NUMBERS]

function corrupt!(team, case::Empty, what, arguments, returned)
    last_one = Value(case.seed)(case.n)
    what == "a task left out" ? returned - last_one :
    what == "a task twice" ? returned + last_one : wrong_number(what, returned)
end

Empty
