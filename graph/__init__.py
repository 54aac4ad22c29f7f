"""The LangGraph state machine that runs the four agents."""
