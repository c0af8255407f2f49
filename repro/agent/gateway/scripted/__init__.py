"""The scripted provider: it says what a script says, and stands in for paid models in tests."""

from repro.agent.gateway.scripted.provider import Scripted, scripted_provider
from repro.agent.gateway.scripted.script import Call, Fault, Script, Turn, load_script

__all__ = ["Call", "Fault", "Script", "Scripted", "Turn", "load_script", "scripted_provider"]
