"""Draws images: a contact sheet of a shard, and the labelled grid of samples."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

CELL = 56
GAP = 4
MARGIN = 40
TITLE = 56
BACKGROUND = (17, 20, 28)
INK = (232, 236, 244)
MUTED = (140, 148, 164)
FONTS = ("DejaVuSans.ttf", "LiberationSans-Regular.ttf")


def contact_sheet(images, columns):
    """uint8 images [N, H, W(, C)] side by side at their own size, without labels."""
    pictures = [_picture(image) for image in images]
    width, height = pictures[0].size
    sheet = Image.new("RGB", (columns * (width + 1) + 1, -(-len(pictures) // columns) * (height + 1) + 1), BACKGROUND)
    for position, picture in enumerate(pictures):
        sheet.paste(picture, (1 + position % columns * (width + 1), 1 + position // columns * (height + 1)))
    return sheet


def sample_grid(rows, title, subtitle=""):
    """A labelled grid. rows: list of (label, images float [N, C, H, W] in [-1, 1]); each is drawn enlarged in one row."""
    columns = max(len(images) for _, images in rows)
    pitch = CELL + GAP
    size = (MARGIN + columns * pitch + GAP + 8, TITLE + len(rows) * pitch + GAP + 8)
    sheet = Image.new("RGB", size, BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN + GAP, 10), title, fill=INK, font=_font(17))
    draw.text((MARGIN + GAP, 33), subtitle, fill=MUTED, font=_font(12))
    label_font = _font(18)
    for row, (label, images) in enumerate(rows):
        top = TITLE + GAP + row * pitch
        left, upper, right, lower = draw.textbbox((0, 0), str(label), font=label_font)
        draw.text((MARGIN - 10 - (right - left), top + (CELL - lower - upper) // 2), str(label), fill=MUTED, font=label_font)
        for column, image in enumerate(to_bytes(images)):
            picture = _picture(image).resize((CELL, CELL), Image.BICUBIC)
            sheet.paste(picture, (MARGIN + GAP + column * pitch, top))
    return sheet


def to_bytes(images):
    """float [N, C, H, W] in [-1, 1] as uint8 [N, H, W, C]; what is outside is cut off."""
    scaled = (np.clip(np.asarray(images), -1, 1) + 1) * 127.5
    return np.round(scaled).astype(np.uint8).transpose(0, 2, 3, 1)


def _picture(image):
    image = image if image.ndim == 3 else image[..., None]
    channels = image[..., :3] if image.shape[2] >= 3 else np.repeat(image[..., :1], 3, axis=2)
    return Image.fromarray(np.ascontiguousarray(channels))


def _font(size):
    for name in FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default()
