"""Real images for the bodies: random bytes satisfy `format: binary` and `byte`, and would never get past the first check."""
from base64 import b64encode
from pathlib import Path

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.core.parameters import ParameterLocation

FIXTURES = Path(__file__).parent.parent / "fixtures"
MAX_IMAGE_BYTES = 20_000  # failures are printed with their bodies


def read_images(suffix: str) -> list[bytes]:
    images = [path.read_bytes() for path in sorted(FIXTURES.glob(f"*.{suffix}"))]
    return [image for image in images if len(image) <= MAX_IMAGE_BYTES]


IMAGES = {"image/jpeg": read_images("jpg"), "image/png": read_images("png"), "image/webp": read_images("webp")}

for media_type, images in IMAGES.items():
    schemathesis.openapi.media_type(media_type, st.sampled_from(images))
EVERY_IMAGE = [image for images in IMAGES.values() for image in images]
schemathesis.openapi.format("binary", st.sampled_from(EVERY_IMAGE))
schemathesis.openapi.format("byte", st.sampled_from([b64encode(image).decode() for image in EVERY_IMAGE]))


KNOWN_PARAMETERS = {"topK", "minScore"}


@schemathesis.hook
def filter_case(context, case) -> bool:
    """Not a query that was made wrong by an unknown parameter which is then not sent: names and values that no URL can hold are dropped."""
    wrong = [component for component, info in case.meta.components.items() if info.mode.is_negative]
    return not (wrong == [ParameterLocation.QUERY] and "additionalProperties" in str(case.meta.phase) and set(case.query or {}) <= KNOWN_PARAMETERS)


@schemathesis.check
def damaged_images_are_refused(ctx, response, case) -> None:
    """Every request that was answered, again with noise in the place of its images; a raw image also cut in half."""
    body = response.request.body
    if response.status_code != 200 or not isinstance(body, bytes):
        return
    noisy = body
    for image in EVERY_IMAGE:
        noise = bytes(i * 197 % 256 for i in range(len(image)))
        noisy = noisy.replace(image, noise).replace(b64encode(image), b64encode(noise))
    if noisy == body:  # an image that is an example of the contract
        return
    refusals = {415: noisy}
    if case.media_type in IMAGES:
        refusals[422] = body[: len(body) // 2]
    for status, damaged in refusals.items():
        request = response.request.copy()
        request.headers.pop('x-request-timeout-ms', None)  # a deadline of 1 ms would be the answer instead
        request.prepare_body(damaged, files=None)
        with requests.Session() as session:
            refusal = session.send(request)
        assert refusal.status_code == status, f"Expected {status}, got {refusal.status_code}: {refusal.text}"
        case.operation.validate_response(refusal)
