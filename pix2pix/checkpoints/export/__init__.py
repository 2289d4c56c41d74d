"""A model for other runtimes: ONNX, safetensors, and what a page without a server needs."""
