"""A walk that was recorded on a window of the same program (walkthrough --record), done again by touches on a machine's glass.

Before each touch the machine's screen has to be like the recorded one, as a whole and, pixel for pixel, where it is touched: what
does not look like the button that was recorded is not touched.
"""

import json
import time
from pathlib import Path

from machine import HEIGHT, WIDTH, Failed, Picture

# Of every so many pixels and lines one was recorded.
STEP = 8
# So much may a colour be off, and so large a share of the screen, and of what is touched, may be. A text that is another one
# (a name of a card, a clock) changes less of a screen than another screen does.
COLOUR = 40
SCREEN, TARGET = 0.06, 0.04
PATIENCE = 300
# After this the screen is kept, for whoever wants to know what is waited for.
LONG = 20
# A finger comes down again no sooner; two that came at once were taken for one.
BETWEEN = 0.6


class Entry:
    """A line of the recording: a touch, or what is done around the screen."""

    def __init__(self, folder, line):
        self.word = line.get("world")
        self.keys = line.get("keys", {})
        self.id = line.get("touch")
        if self.id is None:
            return
        self.place = [line[key] for key in ("x", "y", "width", "height")]
        self.live, self.scrolled = line["live"], line["scrolled"]
        self.screen, self.target = (Picture(folder / line[name]) for name in ("screen", "target"))

    def unlike(self, picture):
        """(share of the screen, share of what is touched) that are not as recorded."""
        left, top, width, height = self.place
        # Outside of what is live.
        wrong = looked = 0
        for line in range(self.screen.height):
            y = line * STEP
            across = [(x, x + w) for x, above, w, h in self.live if above <= y < above + h]
            recorded = self.screen.line(line)
            shown = picture.line(y, step=STEP)
            if recorded == shown and not across:
                looked += WIDTH // STEP
                continue
            for i in range(0, len(recorded), 3):
                x = i // 3 * STEP
                if any(begin <= x < end for begin, end in across):
                    continue
                looked += 1
                wrong += any(abs(recorded[i + c] - shown[i + c]) > COLOUR for c in range(3))
        return wrong / max(looked, 1), self.unlike_target(picture)

    def unlike_target(self, picture):
        left, top, width, height = self.place
        wrong = 0
        for line in range(height):
            recorded, shown = self.target.line(line), picture.line(top + line, left, width)
            if recorded != shown:
                wrong += sum(any(abs(recorded[i + c] - shown[i + c]) > COLOUR for c in range(3)) for i in range(0, len(recorded), 3))
        return wrong / max(width * height, 1)

    def found(self, picture):
        """Where exactly this lies on the screen, at whatever height."""
        left, _, width, height = self.place
        lines = [self.target.line(line) for line in range(height)]
        middle = height // 2
        for y in range(picture.height - height):
            if picture.line(y + middle, left, width) == lines[middle] and all(
                picture.line(y + line, left, width) == lines[line] for line in range(height)
            ):
                return [left, y, width, height]
        return None


def touch(machine, place):
    left, top, width, height = place
    machine.touch(left + width // 2, top + height // 2)
    time.sleep(BETWEEN)


def recorded(folder):
    folder = Path(folder)
    with open(folder / "touches.jsonl", encoding="utf-8") as lines:
        return [Entry(folder, json.loads(line)) for line in lines]


class Walk:
    """Does what was recorded; `world` maps the words of a recording to what is done around the screen."""

    def __init__(self, machine, world):
        self.machine = machine
        self.world = world
        self.pictures = 0
        self.touches = 0
        # The page stands where it was moved to, not where it was when this was recorded.
        self.moved = False

    def picture(self, name):
        self.pictures += 1
        return self.machine.picture(f"{self.pictures:03}-{name}")

    def do(self, entries, seek=False):
        """Every entry in turn. Where `world` gives a text, it is typed instead of the touches up to the next word. With
        `seek` what is touched may stand higher or lower than recorded, on a page that has other rows."""
        skipping = False
        for entry in entries:
            if entry.word:
                skipping = False
                act = self.world.get(entry.word)
                if text := act() if act else None:
                    self.type(text, entry.keys)
                    skipping = True
            elif not skipping:
                touch(self.machine, self.seek(entry) if seek or entry.scrolled else self.wait(entry))
                self.touches += 1

    def seek(self, entry):
        """Where it is, once it is there; the page is moved up until it is."""
        end = time.monotonic() + PATIENCE
        moved = time.monotonic()
        while (place := entry.found(self.machine.pixels())) is None:
            if time.monotonic() > end:
                self.picture(f"not-{entry.id}")
                raise Failed(f"after {self.touches} touches: `{entry.id}` is nowhere")
            # Nothing that is still being drawn is moved away.
            if time.monotonic() > moved + 10:
                self.machine.stroke([(WIDTH // 2, y) for y in range(1300, 800, -50)])
                moved = time.monotonic()
            time.sleep(0.5)
        self.picture(entry.id)
        self.moved = True
        return place

    def wait(self, entry):
        """Its place, once the screen is what was recorded."""
        begin = time.monotonic()
        looked_at = False
        # A row of keys: the field above them is filled differently with every touch, the screen is the same.
        typing = entry.id.startswith("key-")
        while True:
            picture = self.machine.pixels()
            target = entry.unlike_target(picture)
            if target <= TARGET and (typing or self.moved or entry.unlike(picture)[0] <= SCREEN):
                # Another page, as it is recorded.
                self.moved = self.moved and not typing and entry.unlike(picture)[0] > SCREEN
                if not typing:
                    self.picture(entry.id)
                return entry.place
            waited = time.monotonic() - begin
            if waited > LONG and not looked_at:
                looked_at = True
                self.picture(f"waiting-for-{entry.id}")
            if waited > PATIENCE:
                self.picture(f"not-{entry.id}")
                screen, target = entry.unlike(picture)
                raise Failed(f"after {self.touches} touches: `{entry.id}` is not to be touched: {screen:.3f} of the screen and {target:.3f} of it differ")
            time.sleep(0.3)

    def type(self, text, keys):
        for sign in text:
            touch(self.machine, keys[f"key-{sign}"])
