"""Asks the service with NVIDIA's client, and prints what it understood: python triton_client.py HOST:PORT MODEL < {image, pixels, shape}"""
import base64
import json
import sys

import numpy
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

address, model = sys.argv[1:]
given = json.load(sys.stdin)
image = base64.b64decode(given['image'])
pixels = numpy.frombuffer(base64.b64decode(given['pixels']), dtype=numpy.uint8).reshape(given['shape'])
client = InferenceServerClient(address)


def images(values, binary):
    tensor = InferInput('images', [len(values)], 'BYTES')
    data = values if binary else [base64.b64encode(value) for value in values]
    tensor.set_data_from_numpy(numpy.array(data, dtype=object), binary_data=binary)
    return tensor


def pixel_tensor(binary):
    tensor = InferInput('pixels', list(pixels.shape), 'UINT8')
    tensor.set_data_from_numpy(pixels, binary_data=binary)
    return tensor


def infer(tensor, outputs=None, **options):
    return client.infer(model, [tensor], outputs=outputs, **options)


def refusal(*arguments):
    try:
        infer(*arguments)
    except InferenceServerException as error:
        return {'status': error.status(), 'message': error.message()}


classes = infer(images([image, image], True), [InferRequestedOutput('scores', class_count=2)])
classes_in_json = infer(images([image], False), [InferRequestedOutput('scores', binary_data=False, class_count=1)])
everything = infer(images([image], True), request_id='request-1')
in_json = infer(images([image], False), [InferRequestedOutput('logits', binary_data=False)])
of_pixels = infer(pixel_tensor(True))
of_pixels_in_json = infer(pixel_tensor(False), [InferRequestedOutput('logits', binary_data=False)])
version = client.get_model_metadata(model)['versions'][0]
print(json.dumps({
    'live': client.is_server_live(),
    'ready': client.is_server_ready(),
    'modelReady': client.is_model_ready(model),
    'versionReady': client.is_model_ready(model, version),
    'otherModelReady': client.is_model_ready('other'),
    'server': client.get_server_metadata(),
    'model': client.get_model_metadata(model, version),
    'classes': [[text.decode() for text in row] for row in classes.as_numpy('scores')],
    'classesInJson': [[str(text) for text in row] for row in classes_in_json.as_numpy('scores')],
    'id': everything.get_response()['id'],
    'scores': everything.as_numpy('scores')[0].tolist(),
    'logits': everything.as_numpy('logits')[0].tolist(),
    'logitsInJson': in_json.as_numpy('logits')[0].tolist(),
    'logitsOfPixels': of_pixels.as_numpy('logits')[0].tolist(),
    'logitsOfPixelsInJson': of_pixels_in_json.as_numpy('logits')[0].tolist(),
    'refusals': [refusal(images([b'no image'], True)), refusal(images([image] * 17, True))],
}))
