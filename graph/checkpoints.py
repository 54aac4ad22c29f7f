"""What a LangGraph checkpointer must know to bring a run of the graph back.

The state holds frozen values of ``chartcoder.agents.values`` and plain lists, so a checkpoint is
written by msgpack without pickling. Under ``LANGGRAPH_STRICT_MSGPACK`` only registered types come
back as what they were; ``serializer`` registers ours and no others.
"""

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from chartcoder.agents import values


def state_types() -> list[tuple[str, str]]:
    """Module and name of every value that may stand in the state, sorted."""
    return sorted(
        (kind.__module__, kind.__name__)
        for kind in vars(values).values()
        if isinstance(kind, type) and issubclass(kind, values.Value)
    )


def serializer() -> JsonPlusSerializer:
    """A serializer for checkpointers: ``SqliteSaver(connection, serde=serializer())``."""
    return JsonPlusSerializer(allowed_msgpack_modules=state_types())
