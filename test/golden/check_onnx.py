"""Passes every given graph through onnx.checker with full shape inference. Needs the `onnx` package only."""

import sys

import onnx

for path in sys.argv[1:]:
    onnx.checker.check_model(onnx.load(path), full_check=True)
    inferred = onnx.shape_inference.infer_shapes(onnx.load(path), check_type=True, strict_mode=True, data_prop=True)
    unknown = [value.name for value in inferred.graph.value_info if not value.type.tensor_type.HasField('shape')]
    assert not unknown, f'{path}: no shape inferred for {unknown}'
    print(f'{path}: {len(inferred.graph.node)} nodes, opset {inferred.opset_import[0].version}, valid')
