"""Derives the generated fixtures in test/fixtures/ from the two photos there, one for each way in which image files differ.

Deterministic for one version of Pillow and NumPy: run again, it writes the same bytes.
"""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

FIXTURES = Path(__file__).parent.parent / 'fixtures'
ORIENTATION_TAG = 0x0112

# What a camera did to the upright scene before it wrote each EXIF orientation: the inverse of what a reader must do.
STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def open_photo(name, size=None):
    photo = Image.open(FIXTURES / name).convert('RGB')
    # A copy made from pixels alone: the photo's own profile and metadata must not leak into what is derived from it.
    photo = Image.fromarray(np.asarray(photo))
    return photo if size is None else photo.resize(size, Image.Resampling.LANCZOS)


def write_exif_orientations():
    upright = open_photo('chelsea.png', (300, 200))
    for orientation, transpose in STORED_AS.items():
        stored = upright if transpose is None else upright.transpose(transpose)
        exif = Image.Exif()
        exif[ORIENTATION_TAG] = orientation
        stored.save(FIXTURES / f'exif-{orientation}.jpg', quality=85, exif=exif)


def write_grey():
    open_photo('chelsea.png', (300, 200)).convert('L').save(FIXTURES / 'grey.jpg', quality=85)


def write_chroma():
    """Chroma at full resolution, and at half of it in one direction only; and RGB without luminance, told by an Adobe marker."""
    photo = open_photo('coffee.png', (300, 200))
    photo.save(FIXTURES / 'chroma-444.jpg', quality=85, subsampling=0)
    photo.save(FIXTURES / 'chroma-422.jpg', quality=85, subsampling=1)
    photo.save(FIXTURES / 'rgb-adobe.jpg', quality=85, keep_rgb=True)


def write_transparent():
    """A disc that fades out; the colours under the transparent pixels stay those of the photo."""
    photo = open_photo('coffee.png', (180, 120))
    y, x = np.mgrid[0:120, 0:180]
    distance = np.hypot(x - 90, y - 60)
    alpha = np.clip((75 - distance) * 6, 0, 255).astype(np.uint8)
    photo.putalpha(Image.fromarray(alpha))
    photo.save(FIXTURES / 'rgba.png', optimize=True)
    grey, alpha = photo.convert('RGB').convert('L'), photo.getchannel('A')
    Image.merge('LA', (grey, alpha)).save(FIXTURES / 'grey-alpha.png', optimize=True)


def write_cmyk():
    """A print file: ink with real black generation, stored inverted with an Adobe marker as Photoshop does."""
    rgb = np.asarray(open_photo('coffee.png', (240, 160))).astype(np.float64) / 255
    black = 0.8 * (1 - rgb.max(axis=2, keepdims=True))
    colours = (1 - rgb - black) / np.maximum(1 - black, 1e-6)
    ink = np.round(255 * np.clip(np.concatenate([colours, black], axis=2), 0, 1)).astype(np.uint8)
    Image.fromarray(ink, mode='CMYK').save(FIXTURES / 'cmyk.jpg', quality=85)


def png_chunk(kind, content):
    return struct.pack('>I', len(content)) + kind + content + struct.pack('>I', zlib.crc32(kind + content))


def encode_png_16_bit(samples):
    """PNG of uint16 `[height, width]` (grey) or `[height, width, 3]` (RGB): Pillow writes no 16-bit RGB itself."""
    height, width = samples.shape[:2]
    colour_type = 0 if samples.ndim == 2 else 2
    rows = samples.astype('>u2').reshape(height, -1)
    scanlines = b''.join(b'\0' + row.tobytes() for row in rows)
    header = struct.pack('>IIBBBBB', width, height, 16, colour_type, 0, 0, 0)
    return (b'\x89PNG\r\n\x1a\n' + png_chunk(b'IHDR', header) + png_chunk(b'IDAT', zlib.compress(scanlines, 9))
            + png_chunk(b'IEND', b''))


def write_16_bit():
    """Low bytes that carry detail of their own, so that a reader that scales wrongly shows it."""
    rgb = np.asarray(open_photo('chelsea.png', (120, 80))).astype(np.uint16)
    ramp = (np.arange(80)[:, None] * 3 + np.arange(120)[None, :] * 2).astype(np.uint16) % 256
    grey = np.asarray(open_photo('chelsea.png', (120, 80)).convert('L')).astype(np.uint16)
    (FIXTURES / 'grey-16-bit.png').write_bytes(encode_png_16_bit(grey * 256 + ramp))
    (FIXTURES / 'rgb-16-bit.png').write_bytes(encode_png_16_bit(rgb * 256 + ramp[:, :, None]))


def write_palette():
    photo = open_photo('coffee.png', (240, 160)).quantize(64, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG)
    photo.save(FIXTURES / 'palette.png', optimize=True)
    photo.save(FIXTURES / 'palette-transparent.png', optimize=True, transparency=bytes([0, 128, 200] + [255] * 61))


def s15_fixed16(value):
    return struct.pack('>i', round(value * 65536))


def wide_gamut_profile():
    """A minimal ICC version 2 display profile: the primaries of Display P3 (adapted to D50) with a gamma of 1.8."""
    def xyz(*values):
        return b'XYZ \0\0\0\0' + b''.join(s15_fixed16(value) for value in values)

    text = b'Wide gamut, gamma 1.8\0'
    curve = b'curv\0\0\0\0' + struct.pack('>IHxx', 1, round(1.8 * 256))
    tags = {
        b'desc': b'desc\0\0\0\0' + struct.pack('>I', len(text)) + text + bytes(78),
        b'cprt': b'text\0\0\0\0CC0\0',
        b'wtpt': xyz(0.9642, 1.0, 0.8249),
        b'rXYZ': xyz(0.5151, 0.2412, -0.0011),
        b'gXYZ': xyz(0.2919, 0.6922, 0.0419),
        b'bXYZ': xyz(0.1572, 0.0666, 0.7841),
        b'rTRC': curve, b'gTRC': curve, b'bTRC': curve,
    }
    table, content = b'', b''
    start = 128 + 4 + 12 * len(tags)
    for signature, data in tags.items():
        padded = data + bytes(-len(data) % 4)
        table += signature + struct.pack('>II', start + len(content), len(data))
        content += padded
    size = start + len(content)
    header = struct.pack('>I4xI4s4s4s6H4s12x4s4x8xI', size, 0x02400000, b'mntr', b'RGB ', b'XYZ ', 2026, 1, 1, 0, 0, 0, b'acsp',
                         bytes(4), 0)
    header += s15_fixed16(0.9642) + s15_fixed16(1.0) + s15_fixed16(0.8249)
    header += bytes(128 - len(header))
    return header + struct.pack('>I', len(tags)) + table + content


def write_colour_profile():
    photo = open_photo('coffee.png', (300, 200))
    profile = wide_gamut_profile()
    photo.save(FIXTURES / 'icc-wide-gamut.jpg', quality=85, icc_profile=profile)
    managed = ImageCms.profileToProfile(photo, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile('sRGB'))
    change = np.abs(np.asarray(managed).astype(int) - np.asarray(photo).astype(int)).mean()
    assert change > 5, f'the profile changes pixels by {change:.2f} of 255 only: a reader that applies it would not be noticed'


def write_other_encodings():
    open_photo('coffee.png', (300, 200)).save(FIXTURES / 'lossy.webp', quality=75, method=6)
    open_photo('coffee.png', (300, 200)).save(FIXTURES / 'progressive.jpg', quality=75, progressive=True)


def write_sizes():
    cat = open_photo('chelsea.png')
    # One pixel wide, 48 high; its middle is the steepest edge of the photo, since a centre crop keeps two of the 48 pixels.
    cat.crop((169, 79, 170, 127)).save(FIXTURES / 'one-pixel-wide.png')
    cat.resize((64, 64), Image.Resampling.LANCZOS).save(FIXTURES / 'small.png', optimize=True)
    # Margins of 117 and 119 at 224: half of the one rounds down (58.5 to 58), half of the other up (59.5 to 60).
    cat.resize((500, 375), Image.Resampling.LANCZOS).save(FIXTURES / 'margin-117.jpg', quality=75)
    cat.resize((503, 375), Image.Resampling.LANCZOS).transpose(Image.Transpose.ROTATE_90).save(FIXTURES / 'margin-119.jpg', quality=75)


def write_12_megapixels():
    photo = open_photo('chelsea.png').crop((0, 0, 400, 300)).resize((4000, 3000), Image.Resampling.BICUBIC)
    pixels = np.asarray(photo).astype(np.int16)
    # Detail at three scales, as a real sensor and a real scene have; smooth enlargement alone would hide an aliasing reader.
    generator = np.random.Generator(np.random.PCG64(12))
    for cell, strength in ((25, 5.0), (10, 4.0), (4, 3.0)):
        noise = generator.normal(0, strength, (3000 // cell, 4000 // cell, 1)).astype(np.float32)
        pixels = pixels + np.rint(np.kron(noise, np.ones((cell, cell, 1), np.float32))).astype(np.int16)
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(FIXTURES / 'twelve-megapixels.jpg', quality=50, optimize=True)


if __name__ == '__main__':
    write_exif_orientations()
    write_grey()
    write_chroma()
    write_transparent()
    write_cmyk()
    write_16_bit()
    write_palette()
    write_colour_profile()
    write_other_encodings()
    write_sizes()
    write_12_megapixels()
