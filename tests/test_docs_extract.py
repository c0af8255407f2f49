"""What Julia tells of its documentation: of its own modules, and of any that can be loaded."""

import os

import pytest

from repro.container.julia import Julia
from repro.docs_server.entries import Documentation, Entry, parse
from repro.docs_server.extract import extract
from repro.docs_server.html_text import markdown
from repro.errors import UserError

SHAPES = '''
"""
Areas of shapes; says "quoted", a \\\\ backslash and a tab\\there.
"""
module Shapes

export area, @measure, Square, ⊞

println("loading Shapes")

"""
    area(shape) -> Float64

The area of a `shape`, in units of $(sqrt(4.0)).
"""
function area end

"The area of a square: a method of its own."
area(side::Float64, unit::String) = side^2

"""
    @measure expr

Measure `expr`.
"""
macro measure(expr) expr end

"A square."
struct Square side::Float64 end

"Add two squares."
a ⊞ b = Square(a.side + b.side)

module Inner
"Not exported from [`Shapes`](@ref)."
hidden() = 1
end

end
'''


@pytest.fixture(scope="session")
def shapes(julia: Julia, tmp_path_factory: pytest.TempPathFactory) -> Documentation:
    """A package beside two that are not to be had: one is missing, one cannot be loaded."""
    place = tmp_path_factory.mktemp("packages")
    for name, text in (("Shapes", SHAPES), ("Broken", 'module Broken error("no MPI here") end')):
        (place / name / "src").mkdir(parents=True)
        (place / name / "src" / f"{name}.jl").write_text(text, encoding="utf-8")
    (place / "Shapes" / "Project.toml").write_text('name = "Shapes"\nversion = "1.2.3"\n')
    docs = place / "Shapes" / "docs" / "src"
    docs.mkdir(parents=True)
    (docs / "usage.md").write_text(
        "# Using shapes\n\nSet up first, then ask for areas, as often as you like to.\n\n"
        "There is no more to it.\n\n"
        "```@docs\nShapes.area\n```\n\n## [Large shapes](@id large)\n\n"
        "```julia\n# no heading\narea(Square(1e9))\n```\nLarge ones take as long as small ones.\n"
    )
    environment = os.environ | {"JULIA_LOAD_PATH": f"{place}:@stdlib"}
    environment["JULIA_DEPOT_PATH"] = str(tmp_path_factory.mktemp("depot"))
    return parse(extract(julia, ("Shapes", "Broken", "Absent"), environment))


def entry(documentation: Documentation, ref: str) -> Entry:
    (found,) = [entry for entry in documentation.entries if entry.ref == ref]
    return found


def test_any_module_that_loads_is_documented(shapes: Documentation) -> None:
    area = entry(shapes, "Shapes.area")
    assert area.kind == "function"
    assert area.public
    assert area.version == "Shapes 1.2.3"
    assert area.signatures[0] == "area(shape) -> Float64"
    assert area.text.startswith(
        "    area(shape) -> Float64\n\nThe area of a `shape`, in units of 2.0."
    )
    assert "a method of its own" in area.text
    assert [source.split(":")[0] for source in area.source] == ["Shapes/src/Shapes.jl"] * 2
    assert area.source[0].split(":")[1] != "0"


def test_macros_types_operators_and_modules_are_told_apart(shapes: Documentation) -> None:
    kinds = {found.name: found.kind for found in shapes.entries}
    assert kinds["@measure"] == "macro"
    assert kinds["Square"] == "type"
    assert kinds["⊞"] == "operator"
    assert kinds["Shapes"] == "module"
    assert not entry(shapes, "Shapes.Inner.hidden").public


def test_text_arrives_as_it_was_written(shapes: Documentation) -> None:
    assert 'says "quoted", a \\ backslash and a tab\there' in entry(shapes, "Shapes.Shapes").text


def test_what_cannot_be_loaded_is_named_with_the_reason(shapes: Documentation) -> None:
    assert shapes.missing["Absent"] == "not installed"
    assert shapes.missing["Broken"] in {
        "cannot be loaded (Failed to precompile Broken [top-level])",
        "cannot be loaded (The following 1 direct dependency failed to precompile:)",  # Julia 1.12
    }


def test_a_package_s_own_manual_is_cut_into_sections(shapes: Documentation) -> None:
    sections = [found for found in shapes.entries if found.kind == "manual"]
    assert [found.name for found in sections] == ["Using shapes", "Using shapes: Large shapes"]
    assert [found.ref for found in sections][1] == "Shapes/docs/src/usage#large-shapes"
    assert "@docs" not in sections[0].text
    assert "# no heading\narea(Square(1e9))" in sections[1].text


def test_julia_s_own_modules_are_there(documentation: Documentation) -> None:
    names = {name for found in documentation.entries for name in found.names}
    wanted = {
        "Base.map", "Base.Threads.@threads", "Base.Threads.@spawn", "LinearAlgebra.mul!",
        "LinearAlgebra.BLAS.gemm!", "Distributed.@everywhere", "Distributed.remotecall_fetch",
        "for", "Core.Array", "Base.cd", "Base.Filesystem.cd",
    }  # fmt: skip
    assert wanted <= names
    assert len(documentation.entries) > 1500
    if {"Dagger", "MPI"} <= {*documentation.missing}:
        versions = {found.version for found in documentation.entries}
        assert versions == {f"Julia {documentation.version}"}


def test_no_entry_tells_where_this_julia_lies(documentation: Documentation, julia: Julia) -> None:
    home = str(julia.path.resolve().parent)
    assert not [found.ref for found in documentation.entries if home in found.line()]
    assert not [
        found.ref for found in documentation.entries for place in found.source if place[0] == "/"
    ]


def test_a_julia_that_fails_is_one_line(julia: Julia) -> None:
    with pytest.raises(UserError, match="none of these modules can be loaded: Absent"):
        extract(julia, ("Absent",))


def test_what_is_no_documentation_is_one_line() -> None:
    for lines in ("", "Precompiling...\n", '{"kind": "entry"}\n'):
        with pytest.raises(UserError):
            parse(lines)


PAGE = """<html><head><title>no</title></head><body><nav>no</nav>
<article class="content" id="documenter-page"><h1 id="t"><a href="#t">Tasks</a></h1>
<p>Use <a href="x"><code>wait</code></a> &amp; be patient.</p><ul><li><p>one</p></li></ul>
<article class="docstring"><header><code>wait</code></header><section><p>no</p></section></article>
<pre><code class="language-julia">julia&gt; f(1)
  2</code></pre></article><footer>no</footer></body></html>"""


def test_a_page_of_the_html_manual_becomes_markdown() -> None:
    assert markdown(PAGE) == (
        "# Tasks\n\nUse `wait` & be patient.\n- one\n\n```\njulia> f(1)\n  2\n```\n"
    )
