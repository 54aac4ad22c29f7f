"""The model judge: any chat model behind the OpenAI wire format."""
