# Prints the documentation of modules as JSON lines, for the index of the documentation server.
#
#     julia --startup-file=no --project=julia julia/docs/extract.jl MODULE...
#
# The kinds of lines are
#   julia    its version; the first line
#   missing  a module that cannot be loaded, and why
#   entry    a documented name, with all its docstrings: name, module (the one that exports it),
#            kind, names (all its qualified names), modules (all related ones), public, signatures,
#            text (Markdown, unchanged), source, version
#   page     a page of a manual, as Markdown or HTML, unchanged
# in an order that does not depend on the machine. Runs on Julia 1.5 and newer, without packages.

include("json.jl")

const Docs = Base.Docs
# From Julia 1.11 on, the REPL defines this, and it is slow to load.
isempty(methods(Docs.formatdoc)) && @eval Docs formatdoc(buffer, docstr, part) = print(buffer, part)
const STDLIB = Sys.STDLIB

struct Root
    name::String
    mod::Module
    directory::Union{String,Nothing}
    version::String
end

# Return a module by its name, loading it if necessary; a text if that fails.
function find_root(name)
    name == "Base" && return Root(name, Base, nothing, "Julia $VERSION")
    Base.find_package(name) === nothing && return "not installed"
    mod = try
        # Output of a package while it loads must not mix with the JSON.
        redirect_stdout(() -> Main.eval(Expr(:import, Expr(:., Symbol(name)))), stderr)
        Main.eval(Symbol(name))
    catch error
        said = first(split(sprint(showerror, error), '\n'))
        return string("cannot be loaded (", replace(said, r" ?(to )?\S*/\S*" => ""), ")")
    end
    directory = directory_of(mod, name)
    version = version_in(directory, name)
    return Root(name, mod, directory, version === nothing ? "Julia $VERSION" : "$name $version")
end

# Return the directory with src/ of a module; modules of Julia can record the path of the build.
function directory_of(mod, name)
    path = pathof(mod)
    places = [joinpath(STDLIB, name)]
    path === nothing || pushfirst!(places, dirname(dirname(path)))
    found = findfirst(isdir, places)
    return found === nothing ? nothing : places[found]
end

# Return the version of a package; `nothing` for a standard library, which can be a link.
function version_in(directory, name)
    directory === nothing && return nothing
    own = joinpath(STDLIB, name)
    isdir(own) && realpath(own) == realpath(directory) && return nothing
    project = joinpath(directory, "Project.toml")
    isfile(project) || return nothing
    for line in eachline(project)
        startswith(line, "[") && break
        found = match(r"^version\s*=\s*\"([^\"]+)\"", line)
        found === nothing || return String(found[1])
    end
    return nothing
end

is_under(mod, root) = Base.moduleroot(mod) === root.mod || mod === root.mod

# Return the text of a docstring, with interpolated values.
function text_of(docstr)
    buffer = IOBuffer()
    foreach(part -> Docs.formatdoc(buffer, docstr, part), docstr.text)
    text = String(take!(buffer))
    if isempty(strip(text)) && docstr.object !== nothing
        text = string(docstr.object)
    end
    return rstrip(replace(text, "\r\n" => "\n"))
end

# Return the indented or fenced signatures at the start of a docstring, or those of the method.
function signatures_of(name, text, docstr)
    lines = split(text, '\n')
    found = String[]
    fenced = startswith(strip(first(lines)), "```")
    for line in (fenced ? lines[2:end] : lines)
        (fenced ? startswith(strip(line), "```") : !startswith(line, "    ")) && break
        isempty(strip(line)) || push!(found, String(strip(line)))
    end
    isempty(found) || return found
    type = get(docstr.data, :typesig, Union{})
    type === Union{} && return String[]
    return [replace(string(name, " ", type), "Tuple" => "") for type in Base.uniontypes(type)]
end

# Return file and line of a docstring, without the paths of this installation.
function source_of(docstr, root)
    path = replace(string(get(docstr.data, :path, "")), '\\' => '/')
    line = get(docstr.data, :linenumber, 0)
    found = match(r"/stdlib/v[^/]+/(.+)$", path)
    if found !== nothing
        path = found[1]
    elseif root.directory !== nothing && startswith(path, root.directory)
        path = string(root.name, path[length(root.directory)+1:end])
    elseif root.mod === Base
        path = string("base/", last(split(path, "/base/")))
    else
        path = string(root.name, "/", basename(path))
    end
    return "$path:$line"
end

function kind_of(mod, name)
    startswith(string(name), "@") && return "macro"
    isdefined(mod, name) || return "name"
    value = getfield(mod, name)
    value isa Module && return "module"
    value isa Type && return "type"
    value isa Function || return "constant"
    return Base.isoperator(name) ? "operator" : "function"
end

# Return all modules of a root, itself first.
function modules_of(root)
    inner = filter(mod -> is_under(mod, root) && mod !== root.mod, Docs.modules)
    return [root.mod; sort(inner, by = string)]
end

# Return the modules that export each binding.
function public_names(modules)
    found = Dict{Docs.Binding,Vector{Module}}()
    for mod in modules, name in names(mod)
        isdefined(mod, name) || continue
        push!(get!(found, Docs.Binding(mod, name), Module[]), mod)
    end
    return found
end

struct Documented
    root::Root
    inside::Module
    docstr::Docs.DocStr
end

function documented(roots)
    found = Dict{Docs.Binding,Vector{Documented}}()
    for root in roots, mod in modules_of(root)
        mod in Docs.modules || continue
        for (binding, multi) in Docs.meta(mod), type in multi.order
            haskey(multi.docs, type) || continue
            each = Documented(root, mod, multi.docs[type])
            push!(get!(found, binding, Documented[]), each)
        end
    end
    return found
end

function entry(name, modules, kind, public, qualified, items)
    texts = String[text_of(item.docstr) for item in items]
    signatures = String[]
    for (item, text) in zip(items, texts)
        append!(signatures, signatures_of(name, text, item.docstr))
    end
    return Pair{String,Any}[
        "kind" => kind,
        "name" => name,
        "module" => string(first(modules)),
        "names" => qualified,
        "modules" => unique(string.(modules)),
        "public" => public,
        "signatures" => unique(signatures),
        "text" => join(filter(!isempty, texts), "\n\n---\n\n"),
        "source" => [source_of(item.docstr, item.root) for item in items],
        "version" => join(unique(item.root.version for item in items), ", "),
    ]
end

depth(mod) = (count(isequal('.'), string(mod)), string(mod))

function entry(binding::Docs.Binding, items, public)
    name = string(binding.var)
    shown = sort(get(public, binding, Module[]), by = depth)
    modules = [shown; binding.mod; [item.inside for item in items]]
    qualified = unique("$mod.$name" for mod in [shown; binding.mod])
    kind = kind_of(binding.mod, binding.var)
    return entry(name, modules, kind, !isempty(shown), qualified, items)
end

function keyword_entries(root)
    return [
        entry(string(name), [Base], "keyword", true, [string(name)], [Documented(root, Base, docstr)])
        for (name, docstr) in Docs.keywords
    ]
end

function entries(roots)
    public = public_names([Core; [mod for root in roots for mod in modules_of(root)]])
    found = [entry(binding, items, public) for (binding, items) in documented(roots)]
    roots[1].mod === Base && append!(found, keyword_entries(roots[1]))
    filter!(fields -> !isempty(Dict(fields)["text"]), found)
    return sort(found, by = fields -> (fields[3][2], fields[2][2], fields[1][2]))
end

function page(path, source, title, version)
    format = endswith(path, ".html") ? "html" : "markdown"
    return Pair{String,Any}[
        "kind" => "page", "name" => title, "format" => format, "source" => source,
        "text" => read(path, String), "version" => version,
    ]
end

# Return the pages of Julia's manual and of the manuals of packages.
function pages(roots)
    found = Vector{Pair{String,Any}}[]
    docdir = isdefined(Base, :DOCDIR) ? Base.DOCDIR : joinpath("..", "share", "doc", "julia")
    manual = normpath(joinpath(Sys.BINDIR, docdir, "html", "en", "manual"))
    if any(root -> root.mod === Base, roots) && isdir(manual)
        for file in sort(filter(file -> endswith(file, ".html"), readdir(manual)))
            source = "manual/$file"
            push!(found, page(joinpath(manual, file), source, "Manual", "Julia $VERSION"))
        end
    end
    for root in roots
        root.directory === nothing && continue
        top = joinpath(root.directory, "docs", "src")
        for (directory, _, files) in walkdir(top), file in files
            endswith(file, ".md") || continue
            path = joinpath(directory, file)
            source = string(root.name, "/docs/src/", relpath(path, top))
            push!(found, page(path, source, root.name, root.version))
        end
    end
    return sort(found, by = fields -> fields[4][2])
end

function main(names)
    # One write per line: a pipe is slow with many small writes.
    function emit(fields)
        line = IOBuffer()
        write_json(line, fields)
        println(line)
        write(stdout, take!(line))
    end
    emit(["kind" => "julia", "version" => string(VERSION)])
    roots = Root[]
    for name in names
        root = find_root(name)
        if root isa Root
            push!(roots, root)
        else
            emit(["kind" => "missing", "name" => name, "why" => root])
        end
    end
    isempty(roots) && error("none of these modules can be loaded: $(join(names, ", "))")
    # Packages can define how their docstrings become text, in a newer world than this call.
    foreach(emit, Base.invokelatest(entries, roots))
    foreach(emit, pages(roots))
end

main(ARGS)
