# Prints facts about this Julia as `key<TAB>value` lines. Arguments: packages to look for.
using LinearAlgebra

# With the wrong libunwind, Julia starts and computes but crashes here.
thrower(x) = x > 0 ? x : error("an exception that leaves compiled code")
caught = try thrower(-1); false catch; true end
caught || exit(1)

blas_core() = try
    unsafe_string(ccall((:openblas_get_corename64_, BLAS.libblas), Cstring, ()))
catch
    "unknown"
end

installed(name) = try
    Base.find_package(name) !== nothing
catch
    false
end

println("version\t", VERSION)
println("blas\t", isdefined(BLAS, :get_config) ? "openblas64" : BLAS.vendor())
println("blas_core\t", blas_core())
foreach(name -> println("package ", name, "\t", installed(name)), ARGS)
