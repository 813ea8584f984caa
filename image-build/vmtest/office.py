"""An office beside the virtual machine: the project's own program on this host, reached by the machine at one address of its
network."""

import json
import os
import re
import subprocess
import threading
import time

from machine import OFFICE_ADDRESS, Failed


class Office:
    """Its folder is made anew. `csca`: the state that it believes documents of."""

    def __init__(self, program, folder, csca):
        self.program, self.folder = program, folder
        self.serving = None
        # The kiosk's messages come through the machine's own network, so any port of this host will do.
        self.port = free_port()
        self.call_alone(
            "init", folder, "--listen", f"127.0.0.1:{self.port}", "--desk-listen", "127.0.0.1:0", "--host", OFFICE_ADDRESS,
            "--demo-citizens", "--csca", csca,
        )  # fmt: skip

    def start(self):
        log = open(self.folder / "serve.log", "ab")
        self.serving = subprocess.Popen([self.program, "serve", self.folder, "--json"], stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True)
        line = self.serving.stdout.readline()
        if not line.startswith("{"):
            raise Failed(f"office serve said {line!r}")
        threading.Thread(target=self.serving.stdout.read, daemon=True).start()

    def stop(self):
        if self.serving:
            self.serving.terminate()
            self.serving.wait(60)
        self.serving = None

    def call_alone(self, *words):
        done = subprocess.run(
            [os.fspath(w) for w in (self.program, *words)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
            env=os.environ | {"RUST_LOG": "error"},
        )  # fmt: skip
        if done.returncode:
            raise Failed(f"office {words[0]}: {done.stderr.strip()[-500:]}")
        return done.stdout

    def call(self, *words):
        return self.call_alone("--dir", self.folder, *words)

    def json(self, *words):
        return [json.loads(line) for line in self.call(*words).splitlines() if line.strip()]

    def add_kiosk(self, name, drive, url):
        """With a one-use token in this folder, which stands for a technician's drive."""
        self.call("kiosk", "add", name, "--drive", drive, "--url", url, "--json")

    def confirm_kiosk(self, name, patience=300):
        """Once it has shown its key."""
        end = time.monotonic() + patience
        while True:
            kiosk = next(one for one in self.json("kiosk", "list", "--json") if one["id"] == name)
            if kiosk.get("fingerprint_words"):
                self.call("kiosk", "confirm", name)
                return kiosk["fingerprint_words"]
            if time.monotonic() > end:
                raise Failed(f"the kiosk did not come to the office: {kiosk}")
            time.sleep(1)

    def code(self, phone, patience=300):
        """The newest code that went to this phone."""
        end = time.monotonic() + patience
        while True:
            for message in reversed(self.json("sms", "list", "--json", "--phone", phone)):
                if found := re.search(r"\b\d{6}\b", message["text"]):
                    return found.group(0)
            if time.monotonic() > end:
                raise Failed("no message with a code was sent")
            time.sleep(1)

    def submissions(self):
        return self.json("submissions", "--json")

    def approve_open(self):
        for submission in self.submissions():
            if submission["state"] == "open":
                self.call("approve", submission["id"])


def free_port():
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
