"""The MCP server over the documentation of the Julia and the packages that are installed here."""
