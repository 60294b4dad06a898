"""Asks the service with KServe's client, and prints what it understood: python kserve_client.py URL MODEL < {image}"""
import asyncio
import base64
import json
import sys

import httpx
import numpy
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

url, model = sys.argv[1:]
given = json.load(sys.stdin)
image = base64.b64decode(given['image'])


def images(binary):
    tensor = InferInput('images', [1], 'BYTES')
    tensor.set_data_from_numpy(numpy.array([image if binary else given['image'].encode()], dtype=object), binary_data=binary)
    return tensor


async def ask_version_1():
    async with InferenceRESTClient(RESTConfig(protocol='v1')) as client:
        answer = await client.infer(url, {'instances': [{'b64': given['image']}], 'parameters': {'topK': 1}}, model)
        return {'ready': await client.is_model_ready(url, model), 'answer': answer}


async def ask_version_2():
    async with InferenceRESTClient(RESTConfig(protocol='v2')) as client:
        scores = RequestedOutput('scores', {'classification': 1})
        classes = await client.infer(url, InferRequest(model, [images(False)], request_outputs=[scores]), model)
        binary = InferRequest(model, [images(True)], request_id='request-1', parameters={'binary_data_output': True})
        everything = await client.infer(url, binary, model)
        try:
            await client.infer(url, InferRequest('other', [images(False)]), 'other')
        except httpx.HTTPStatusError as error:
            refusal = error.response.json()['error']
        return {
            'live': await client.is_server_live(url),
            'ready': await client.is_server_ready(url),
            'modelReady': await client.is_model_ready(url, model),
            'otherModelReady': await client.is_model_ready(url, 'other'),
            'classes': classes.outputs[0].data,
            'id': everything.id,
            'logits': everything.get_output_by_name('logits').as_numpy()[0].tolist(),
            'refusal': refusal,
        }


async def main():
    print(json.dumps({'v1': await ask_version_1(), 'v2': await ask_version_2()}))


asyncio.run(main())
