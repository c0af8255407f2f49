"""The adapter of fenced tool calls: on what the model really said, and on forms that occur."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.agent.gateway.adapters.fenced_tool_calls import as_text, with_tool_calls
from repro.agent.gateway.adapters.loose_json import UnreadableError, read_loosely

SAID = Path(__file__).with_name("model_said")

Json = dict[str, Any]


def tool(name: str, *required: str, description: str = "Does it.\n\nAt length.") -> Json:
    properties = {key: {"type": "string", "description": f"The {key}"} for key in required}
    properties["limit"] = {"type": "integer", "description": "At most"}
    schema = {"type": "object", "properties": properties, "required": list(required)}
    function = {"name": name, "description": description, "parameters": schema}
    return {"type": "function", "function": function}


REQUEST: Json = {
    "model": "m",
    "stream": True,
    "stream_options": {"include_usage": True},
    "tool_choice": "auto",
    "messages": [{"role": "system", "content": "Be good."}, {"role": "user", "content": "Go."}],
    "tools": [
        tool("bash", "command", "description"),
        tool("write", "filePath", "content"),
        tool("docs_search_docs", "query"),
    ],
}


def adapted(text: str, request: Json = REQUEST) -> Json:
    message = {"role": "assistant", "content": text}
    plain = {"index": 0, "message": message, "finish_reason": "stop"}
    whole = {"id": "chatcmpl-1", "choices": [plain], "usage": {"prompt_tokens": 3}}
    before = copy.deepcopy(whole)
    found = with_tool_calls(whole, request)
    assert whole == before
    assert found["usage"] == whole["usage"]
    choice: Json
    (choice,) = found["choices"]
    assert (choice["finish_reason"] == "tool_calls") == ("tool_calls" in choice["message"])
    return choice


def calls(text: str, request: Json = REQUEST) -> list[tuple[str, Json]]:
    functions = [
        call["function"] for call in adapted(text, request)["message"].get("tool_calls", ())
    ]
    return [(function["name"], json.loads(function["arguments"])) for function in functions]


def said(name: str) -> str:
    return (SAID / name).read_text(encoding="utf-8")


def test_a_call_that_the_model_wrote() -> None:
    ((name, arguments),) = calls(said("write.md"))
    assert name == "write"
    assert arguments["filePath"] == "test_pi_threads.jl"
    assert arguments["content"].startswith("#!/usr/bin/env julia\n\nusing Base.Threads\n")
    assert arguments["content"].endswith("\n# Run the main function\nmain()\n")
    assert adapted(said("write.md"))["message"]["content"] is None


def test_a_string_with_line_breaks_and_quotes_in_it() -> None:
    ((_, arguments),) = calls(said("broken_strings.md"))
    assert 'println("Test failed for n = $n"):")\n            return 1\n' in arguments["content"]
    assert arguments["content"].endswith("\nvalidate_pi_threads()\n")


def test_a_text_as_a_list_of_its_lines() -> None:
    ((_, arguments),) = calls(said("lines.md"))
    assert arguments["content"].startswith("using Dagger\nusing LinearAlgebra\nusing Test\n\n")


def test_words_around_a_call_stay_words() -> None:
    choice = adapted(said("call_in_prose.md"))
    ((name, arguments),) = calls(said("call_in_prose.md"))
    assert (name, sorted(arguments)) == ("bash", ["command", "description"])
    assert choice["message"]["content"].startswith("I apologize for that.")
    assert choice["message"]["content"].endswith("Please try running this command again.")
    assert "```" not in choice["message"]["content"]


def test_a_block_of_code_under_the_name_of_its_file_writes_the_file() -> None:
    text = said("named_block.md")
    ((name, arguments),) = calls(text)
    assert (name, arguments["filePath"]) == ("write", "/workspace/test_gemm_threads.jl")
    assert arguments["content"] in text
    assert arguments["content"].endswith('println("ALL TESTS PASSED")\n')


@pytest.mark.parametrize("name", ["unnamed_block.md", "invented_tools.md"])
def test_code_without_a_file_and_tools_that_are_not_there_stay_text(name: str) -> None:
    choice = adapted(said(name))
    assert choice["message"] == {"role": "assistant", "content": said(name)}
    assert choice["finish_reason"] == "stop"


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "bash", "arguments": {"command": "ls", "description": "d"}}',
        '```\n{"name": "bash", "arguments": {"command": "ls", "description": "d"}}\n```',
        (
            '<tool_call>\n{"name": "bash", "arguments": {"command": "ls", "description": "d"}}\n'
            "</tool_call>"
        ),
        '<tools>{"name": "bash", "parameters": {"command": "ls", "description": "d"}}</tools>',
        '```json\n{"tool": "functions.bash", "args": {"command": "ls", "description": "d"}}\n```',
        '```json\n{"name": "Bash", "command": "ls", "description": "d"}\n```',
        '```json\n{"name": "run_bash", "arguments": {"Command": "ls", "description": "d"}}\n```',
        (
            '```json\n{"function": {"name": "bash", "arguments": '
            '"{\\"command\\": \\"ls\\", \\"description\\": \\"d\\"}"}}\n```'
        ),
        '```json\n[{"name": "bash", "arguments": {"command": "ls", "description": "d"}}]\n```',
        "```json\n{'name': 'bash', 'arguments': {'command': 'ls', 'description': 'd',},}\n```",
        '```json\n{name: "bash", arguments: {command: "ls", description: "d"}\n```',
        '```json\n{"name": "bash", "arguments": {"command": "ls", "description": "d"}',
    ],
)
def test_forms_of_a_call(text: str) -> None:
    assert calls(text) == [("bash", {"command": "ls", "description": "d"})]
    assert adapted(text)["message"]["content"] is None


def test_several_calls_keep_their_order_and_have_names_of_their_own() -> None:
    one = '```json\n{"name": "bash", "arguments": {"command": "a"}}\n```'
    two = '{"name": "write", "arguments": {"filePath": "f", "content": "`a` {\\"b\\": 1}"}}'
    assert [name for name, _ in calls(f"{one}\nthen\n{two}")] == ["bash", "write"]
    message = adapted(f"{one}\nthen\n{two}")["message"]
    assert message["content"] == "then"
    assert len({call["id"] for call in message["tool_calls"]}) == 2


@pytest.mark.parametrize(
    "text",
    [
        'I use this:\n{"name": "delete", "arguments": {"command": "ls"}}',
        '{"name": "Ada", "arguments": "none"}',
        '{"name": "Dagger.@spawn", "arguments": {}}',
        '```json\n{"name": "write", "arguments": {"filePath": "f", "content": "cut off here',
        '{"name": "Ada", "age": 36}',
        'write({"filePath": "f"})',
        '```julia\nd = Dict{String,Int}("a" => 1)\n```',
        'Use `x.jl`:\n\n```julia\ninclude("x.jl")\n```',
        "`a.jl` and `b.jl`:\n\n```julia\nf() = 1\n```",
        "`a.jl`:\n\n```julia\nf() = 1\n",  # cut off
    ],
)  # fmt: skip
def test_what_is_no_call_stays_text(text: str) -> None:
    assert adapted(text)["message"] == {"role": "assistant", "content": text}


@pytest.mark.parametrize("name", ["include", "write_file", "search"])
def test_a_lonely_call_of_a_tool_that_is_not_there_is_the_agents_to_refuse(name: str) -> None:
    """Also where the name is near and the arguments do not fit."""
    text = f'```json\n{{"name": "{name}", "arguments": {{"path": "f"}}\n'
    assert calls(text) == [(name, {"path": "f"})]


def test_a_name_with_more_or_fewer_words_is_the_tool_that_fits() -> None:
    assert calls('{"name": "search_docs", "arguments": {"query": "sum"}}') == [
        ("docs_search_docs", {"query": "sum"})
    ]


def test_a_label_that_only_people_see_is_left_empty() -> None:
    """The model does not learn from the refusal: it says the same for ever."""
    call = '{"name": "bash", "arguments": {"command": "ls"}}'
    assert calls(call) == [("bash", {"command": "ls", "description": ""})]
    call = '{"name": "write", "arguments": {"filePath": "f"}}'
    assert calls(call) == [("write", {"filePath": "f"})]  # what counts is not made up


def test_without_tools_nothing_is_called() -> None:
    text = '{"name": "bash", "arguments": {"command": "ls"}}'
    assert calls(text, {**REQUEST, "tools": []}) == []


def test_real_calls_stay_as_they_are() -> None:
    call = {"id": "a", "type": "function", "function": {"name": "bash", "arguments": "{}"}}
    choice = {
        "message": {"content": '{"name": "bash", "arguments": {}}', "tool_calls": [call]},
        "finish_reason": "tool_calls",
    }
    assert with_tool_calls({"choices": [choice]}, REQUEST)["choices"] == [choice]


def test_tools_are_told_in_the_prompt() -> None:
    sent = as_text(REQUEST)
    assert {name for name in REQUEST if name not in sent} == {
        "stream_options", "tool_choice", "tools",
    }  # fmt: skip
    assert sent["stream"] is False
    system, user = sent["messages"]
    assert system["content"].startswith("Be good.\n\n# Tools\n")
    write, bash, docs = system["content"].split("\n\n- ")[1:]
    form = (
        '{"name": "write", "arguments": {"filePath": "<The filePath>", "content": "<The content>"}}'
    )
    assert write == f"Does it.\n  {form}"
    assert bash == 'Does it.\n  {"name": "bash", "arguments": {"command": "<The command>"}}'
    assert '"docs_search_docs"' in docs
    assert user == REQUEST["messages"][1]


def test_a_request_without_tools_and_without_a_system_prompt_gets_none() -> None:
    sent = as_text({"messages": [{"role": "user", "content": "Go."}], "stream": True})
    assert sent == {"messages": [{"role": "user", "content": "Go."}], "stream": False}


def test_earlier_calls_and_results_become_text_that_is_read_as_the_same_calls() -> None:
    """What goes up is of the form that the model is told to use."""
    choice = adapted('Look.\n```json\n{"name": "bash", "arguments": {"command": "ls"}}\n```')
    results = [
        {"role": "tool", "tool_call_id": "1", "content": "a.jl"},
        {"role": "tool", "tool_call_id": "2", "content": [{"type": "text", "text": "b.jl"}]},
    ]
    history = [*REQUEST["messages"], choice["message"], *results]
    *_, said_before, told = as_text({**REQUEST, "messages": history})["messages"]
    assert said_before["role"] == "assistant"
    assert adapted(said_before["content"])["message"]["content"] == "Look."
    assert calls(said_before["content"]) == [("bash", {"command": "ls", "description": ""})]
    assert told["role"] == "user"
    assert told["content"] == (
        "<tool_response>\na.jl\n</tool_response>\n<tool_response>\nb.jl\n</tool_response>"
    )


_KEY = st.text(alphabet='0123 .{}`\n\\"', min_size=1)
"""No name of the tool's own, which would be put in its place."""


@given(st.dictionaries(_KEY, st.text()), st.sampled_from([None, 2]))
def test_any_arguments_arrive_as_they_were_written(arguments: Json, indent: int | None) -> None:
    call = {"name": "docs_search_docs", "arguments": arguments}
    text = json.dumps(call, ensure_ascii=False, indent=indent)
    assert calls(f"So:\n```json\n{text}\n```\n") == [("docs_search_docs", arguments)]


@given(st.text(alphabet="{}[]\":,\\\n`'ab1 -", max_size=60))
def test_reading_loosely_ends_with_a_value_or_says_no(text: str) -> None:
    try:
        _, end = read_loosely(text, 0)
    except UnreadableError:
        return
    assert 0 < end <= len(text)
