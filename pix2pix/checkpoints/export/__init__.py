"""Exports a model to other runtimes: ONNX and safetensors."""
