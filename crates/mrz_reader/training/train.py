#!/usr/bin/env python3
"""Makes src/ocr_b.weights: the recogniser of one OCR-B character.

Needs numpy, Pillow and opencv-python-headless. Run in this folder:

    python3 train.py [samples] [epochs]

The samples are drawn, not photographed: a character between two neighbours is
printed thin or fat, turned, sheared, blurred, lit unevenly, put on a textured
ground, sampled as a sensor of 9 to 44 pixels a character would, given noise and
JPEG artefacts, and cut out a little off its place. The cut is what `src/patch.rs`
makes: 16 by 24 grey values, minus their mean, over their deviation, dark positive.

The network is a multi-layer perceptron with two hidden layers of rectified
units. Classes 0-36 are `ALPHABET`; class 37 is "no character": ground only, the
gap between two characters, lines, blots, text of another kind.

File: the magic `OCRB`, then for each layer two little-endian u16 (inputs, outputs), one f32
scale and f32 bias for each output, and inputs x outputs signed bytes, row by
output. A weight is byte times scale.
"""

import struct
import sys
from concurrent.futures import ProcessPoolExecutor

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
NOTHING = len(ALPHABET)
WIDTH, HEIGHT = 16, 24
# Pixels a character in the drawn strips; the fonts' advance is 0.723 of their size.
PITCH = 48
TALL = 108
# Middle of the capitals above the base line, in advances.
MIDDLE = 355 / 723
FONTS = ["../fonts/OCRB.otf", "../fonts/OCRBS.otf"]
OTHER_FONTS = ["../../../ui/fonts/GolosText-Regular.ttf"]
HIDDEN = (192, 64)

cv2.setNumThreads(1)


def draw(character, font):
    """Ink 0-1 of one cell, TALL high, the capitals' middle in its middle."""
    image = Image.new("L", (PITCH, TALL), 0)
    base = TALL / 2 + MIDDLE * PITCH
    ImageDraw.Draw(image).text((0, base), character, font=font, fill=255, anchor="ls")
    return np.asarray(image, np.float32) / 255


def glyphs():
    faces = [ImageFont.truetype(f, PITCH / 0.723) for f in FONTS]
    return [[draw(c, face) for c in ALPHABET] for face in faces]


def junk(rng, cells):
    """A strip of three cells with no character in the middle one."""
    kind = rng.integers(5)
    strip = np.zeros((TALL, 3 * PITCH), np.float32)
    if kind == 1:
        picked = np.hstack([cells[i] for i in rng.integers(len(cells), size=4)])
        cut = int(PITCH * rng.uniform(0.4, 0.6))
        strip = picked[:, cut : cut + 3 * PITCH].copy()
    elif kind == 2:
        for _ in range(rng.integers(1, 6)):
            a, b = rng.uniform(0, 3 * PITCH, 2), rng.uniform(0, TALL, 2)
            ends = (int(a[0]), int(b[0])), (int(a[1]), int(b[1]))
            cv2.line(strip, *ends, float(rng.uniform(0.3, 1)), int(rng.integers(1, 14)), cv2.LINE_AA)
    elif kind == 3:
        font = ImageFont.truetype(OTHER_FONTS[0], int(rng.uniform(20, 60)))
        image = Image.new("L", (3 * PITCH, TALL), 0)
        letters = "абвгдежзиклмнопрстуфхцчшщыэюяәғқңөұүһabdefghkmnpqrty&%?!*#"
        text = "".join(rng.choice(list(letters), 8))
        at = (-rng.uniform(0, 30), rng.uniform(10, 50))
        ImageDraw.Draw(image).text(at, text, font=font, fill=255)
        strip = np.asarray(image, np.float32) / 255
    elif kind == 4:
        picked = np.hstack([cells[i] for i in rng.integers(len(cells), size=3)])
        move = PITCH * rng.uniform(0.45, 0.8) * rng.choice([-1, 1])
        shift = np.float32([[1, 0, 0], [0, 1, move]])
        strip = cv2.warpAffine(picked, shift, (3 * PITCH, TALL))
    return strip


def photograph(rng, strip):
    """What a sensor sees of the middle cell, cut out and normalised."""
    weight = rng.integers(-2, 4)
    if weight:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (1 + abs(weight), 1 + abs(weight)))
        strip = (cv2.dilate if weight > 0 else cv2.erode)(strip, kernel)
    if rng.random() < 0.15:
        # Worn print.
        holes = rng.random((9, 12)).astype(np.float32)
        holes = cv2.resize(holes, (3 * PITCH, TALL), interpolation=cv2.INTER_CUBIC)
        strip = strip * np.clip((holes + rng.uniform(0.2, 0.6)) * 1.3, 0.2, 1)

    sensor = np.exp(rng.uniform(np.log(9), np.log(44)))
    blur = np.hypot(0.45, rng.uniform(0, 0.11) * sensor * rng.random() ** 0.5) * PITCH / sensor
    strip = cv2.GaussianBlur(strip, (0, 0), float(blur))
    if rng.random() < 0.25:
        length = int(rng.uniform(2, 0.22 * PITCH))
        kernel = np.zeros((length, length), np.float32)
        middle, angle = (length - 1) / 2, rng.uniform(0, np.pi)
        reach = np.array([np.cos(angle), np.sin(angle)]) * middle
        ends = [tuple(int(round(middle + s * r)) for r in reach) for s in (-1, 1)]
        cv2.line(kernel, *ends, 1)
        strip = cv2.filter2D(strip, -1, kernel / max(kernel.sum(), 1))

    # Sensor pixels -> strip pixels, about the middles.
    angle, shear = rng.normal(0, 0.025), rng.normal(0, 0.03)
    wide, high = np.exp(rng.normal(0, 0.035, 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.array([[wide, shear], [0, high]]) * PITCH / sensor
    off = rng.normal(0, 0.035, 2) * PITCH
    size = (int(sensor * 1.5) + 3, int(sensor * 1.9) + 3)
    middle = np.array([1.5 * PITCH, TALL / 2]) + off - linear @ (np.array(size) / 2 - 0.5)
    seen = cv2.warpAffine(
        strip, np.column_stack([linear, middle]), size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )

    ground = rng.uniform(60, 250)
    ink = ground * rng.uniform(0.05, 0.6) ** (1 if rng.random() < 0.8 else 0.5)
    y, x = np.mgrid[0 : size[1], 0 : size[0]] / sensor
    slope = rng.normal(0, 0.08, 2)
    paper = ground * (1 + slope[0] * (x - 0.7) + slope[1] * (y - 0.9))
    for _ in range(rng.integers(0, 3)):
        wave = rng.uniform(1, 14, 2) * rng.choice([-1, 1], 2)
        paper = paper * (1 + rng.uniform(0, 0.09) * np.sin(wave[0] * x + wave[1] * y + rng.uniform(0, 6)))
    light = np.ones_like(paper)
    if rng.random() < 0.12:
        normal = rng.normal(0, 1, 2)
        edge = normal[0] * (x - 0.7) + normal[1] * (y - 0.9) - rng.normal(0, 0.3)
        light = 1 - rng.uniform(0.1, 0.5) / (1 + np.exp(-edge * rng.uniform(3, 30)))
    image = (paper * (1 - seen) + ink * seen) * light
    if rng.random() < 0.12:
        centre = rng.uniform(-0.5, 2, 2)
        distance = (x - centre[0]) ** 2 + (y - centre[1]) ** 2
        image = image + rng.uniform(20, 140) * np.exp(-distance / rng.uniform(0.2, 3))
    image = image + rng.normal(0, rng.uniform(0.5, 10), image.shape)
    image = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(45, 95))])
        image = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)

    step = sensor / WIDTH
    image = image.astype(np.float32)
    if step > 1:
        image = cv2.blur(image, (int(round(step)),) * 2) if step >= 1.5 else image
    first = np.array(size) / 2 - 0.5 - (np.array([WIDTH, HEIGHT]) / 2 - 0.5) * step
    cut = np.float32([[step, 0, first[0]], [0, step, first[1]]])
    patch = cv2.warpAffine(
        image, cut, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return (patch.mean() - patch) / max(float(patch.std()), 2.0)


def make(seed, count):
    rng = np.random.default_rng(seed)
    fonts = glyphs()
    inputs = np.empty((count, WIDTH * HEIGHT), np.float16)
    classes = np.empty(count, np.int64)
    for n in range(count):
        cells = fonts[rng.integers(len(fonts))]
        if rng.random() < 0.07:
            classes[n] = NOTHING
            strip = junk(rng, cells)
        else:
            # Those alike are shown more often.
            alike = "0OQD1IJL8BS52ZGU6VYKX<CMNW"
            own = ALPHABET.index(rng.choice(list(alike))) if rng.random() < 0.4 else rng.integers(37)
            near = rng.choice([rng.integers(37), 36], 2)
            classes[n] = own
            strip = np.hstack([cells[near[0]], cells[own], cells[near[1]]])
        inputs[n] = photograph(rng, strip).ravel()
    return inputs, classes


def train(inputs, classes, epochs, rng):
    sizes = (WIDTH * HEIGHT, *HIDDEN, NOTHING + 1)
    layers = [
        [rng.normal(0, np.sqrt(2 / a), (a, b)).astype(np.float32), np.zeros(b, np.float32)]
        for a, b in zip(sizes, sizes[1:])
    ]
    moments = [[[np.zeros_like(p), np.zeros_like(p)] for p in layer] for layer in layers]
    step, batch = 0, 256
    total = epochs * (len(inputs) // batch)
    for epoch in range(epochs):
        order, loss = rng.permutation(len(inputs)), 0.0
        for start in range(0, len(inputs) - batch + 1, batch):
            picked = order[start : start + batch]
            values = [inputs[picked].astype(np.float32)]
            for at, (weights, bias) in enumerate(layers):
                z = values[-1] @ weights + bias
                values.append(np.maximum(z, 0) if at + 1 < len(layers) else z)
            z = values[-1] - values[-1].max(1, keepdims=True)
            odds = np.exp(z)
            odds /= odds.sum(1, keepdims=True)
            wanted = classes[picked]
            loss -= np.log(odds[np.arange(batch), wanted] + 1e-9).mean()
            slope = odds
            slope[np.arange(batch), wanted] -= 1
            slope /= batch
            step += 1
            rate = 0.0015 * 0.5 * (1 + np.cos(np.pi * step / total)) + 1e-6
            for at in reversed(range(len(layers))):
                weights, bias = layers[at]
                slopes = [values[at].T @ slope + 1e-5 * weights, slope.sum(0)]
                slope = (slope @ weights.T) * (values[at] > 0) if at else None
                for p, g, m in zip(layers[at], slopes, moments[at]):
                    m[0] += 0.1 * (g - m[0])
                    m[1] += 0.001 * (g * g - m[1])
                    p -= rate * (m[0] / (1 - 0.9**step)) / (np.sqrt(m[1] / (1 - 0.999**step)) + 1e-8)
        print(f"epoch {epoch + 1}: loss {loss / (len(inputs) // batch):.4f}", flush=True)
    return layers


def quantised(layers):
    out = bytearray(b"OCRB")
    seen = []
    for weights, bias in layers:
        scale = np.abs(weights).max(0) / 127
        bytes_ = np.rint(weights / scale).astype(np.int8)
        seen.append([bytes_ * scale, bias])
        out += struct.pack("<HH", *weights.shape)
        for s, b, row in zip(scale, bias, bytes_.T):
            out += struct.pack("<ff", s, b) + row.tobytes()
    return bytes(out), seen


def judge(layers, inputs, classes):
    values = inputs.astype(np.float32)
    for at, (weights, bias) in enumerate(layers):
        values = values @ weights + bias
        values = np.maximum(values, 0) if at + 1 < len(layers) else values
    odds = np.exp(values - values.max(1, keepdims=True))
    odds /= odds.sum(1, keepdims=True)
    said, sure = odds.argmax(1), odds.max(1)
    right = said == classes
    print(f"right {right.mean():.4%}; sure (0.9) and wrong {(~right & (sure > 0.9)).mean():.4%}")
    names = ALPHABET + "."
    pairs = {}
    for a, b in zip(classes[~right], said[~right]):
        pairs[names[a] + names[b]] = pairs.get(names[a] + names[b], 0) + 1
    print("taken for another:", sorted(pairs.items(), key=lambda p: -p[1])[:16])


def main():
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 150_000
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 14
    chunk = 10_000
    with ProcessPoolExecutor(2) as pool:
        made = list(pool.map(make, range(samples // chunk + 2), [chunk] * (samples // chunk + 2)))
    inputs = np.concatenate([m[0] for m in made[2:]])
    classes = np.concatenate([m[1] for m in made[2:]])
    print(f"{len(inputs)} samples", flush=True)
    layers = train(inputs, classes, epochs, np.random.default_rng(1))
    data, layers = quantised(layers)
    judge(layers, np.concatenate([m[0] for m in made[:2]]), np.concatenate([m[1] for m in made[:2]]))
    with open("../src/ocr_b.weights", "wb") as file:
        file.write(data)


if __name__ == "__main__":
    main()
