# What this Julia would load as a package, without loading it.

"Return the directory of a package, or `nothing` if it is not installed."
function place(name)
    path = try
        Base.find_package(name)
    catch
        nothing
    end
    path === nothing ? nothing : dirname(dirname(path))
end

# Julia reads TOML only since 1.6, but no older one can use the packages.
toml(path) = isdefined(Base, :parsed_toml) && isfile(path) ? Base.parsed_toml(path) : Dict()

"Return the version that a package states; empty if it states none."
version_at(directory) = get(toml(joinpath(directory, "Project.toml")), "version", "")

"""
Return the hash of a package's tree, by which Pkg installed it in this directory; empty if it is not
one of Pkg's.
"""
function tree_at(name, directory)
    project = Base.active_project()
    project === nothing && return ""
    entries = get(get(toml(joinpath(dirname(project), "Manifest.toml")), "deps", Dict()), name, [])
    for entry in entries
        haskey(entry, "git-tree-sha1") || continue
        hash = entry["git-tree-sha1"]
        slug = Base.version_slug(Base.UUID(entry["uuid"]), Base.SHA1(hash))
        basename(directory) == slug && return hash
    end
    ""
end
