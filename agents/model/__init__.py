"""The model judge: the four questions answered by a chat model behind the OpenAI wire format.

Nothing here is imported unless a model is named, and no chart leaves the machine without one.
"""
