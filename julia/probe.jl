# Prints facts about this Julia as `key<TAB>value` lines. Arguments: packages to look for.
include("blas.jl")
include("packages.jl")

# With the wrong libunwind, Julia starts and computes but crashes here.
thrower(x) = x > 0 ? x : error("an exception that leaves compiled code")
caught = try thrower(-1); false catch; true end
caught || exit(1)

"""
Return who made this Julia, as far as it can be told.  A release's banner names its makers.  Without
one, Julia was built from its source; that is certain only where it still is in its source tree.
"""
function build()
    banner = Base.TAGGED_RELEASE_BANNER
    occursin("https://julialang.org", banner) && return "official"
    isempty(banner) || return "distribution"
    isfile(joinpath(Sys.BINDIR, "..", "..", "Make.inc")) ? "from source" : "unknown"
end

println("version\t", VERSION)
println("build\t", build())
println("commit\t", Base.GIT_VERSION_INFO.commit_short)
println("blas\t", blas_name())
println("blas_core\t", something(blas_core(), "unknown"))
for name in ARGS
    at = place(name)
    at === nothing ? println("package ", name, "\tfalse") :
                     println("package ", name, "\ttrue\t", version_at(at), '\t', tree_at(name, at))
end
