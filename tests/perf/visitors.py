"""Measure what many visitors wait for who each move a slider every two seconds, without a browser.

`python tests/perf/visitors.py [visitors ...]`: serves the app on 127.0.0.1 as `dataloader-lab` does and speaks
Streamlit's own protocol to it; prints the time from a slider's message to the player's new data. What the browser
needs on top is `page_latency.py`'s.
"""

import asyncio
import random
import subprocess
import sys
import time

import websockets
from page_latency import ROOT, free_port, line, wait_until_up
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg, ForwardMsgList

VISITORS = (10, 30, 60)
LASTS_S = 30
WARM_S = 8
SLIDERS = ("Sample CPU, ms", "Sample I/O, ms")
STOPS = ("0.5", "0.75", "1", "1.5", "2", "2.5", "3", "4", "5", "6", "7", "8", "9", "10", "12", "15", "20")


class Visitor:
    """Hold one visitor: the identities of the widgets on the page, and what was set."""

    def __init__(self, number, port):
        self.random = random.Random(number)
        self.address = f"ws://127.0.0.1:{port}/_stcore/stream"
        self.origin = f"http://127.0.0.1:{port}"
        self.ids, self.chosen, self.waits_ms = {}, {}, []

    async def visit(self, began):
        await asyncio.sleep(self.random.uniform(0, WARM_S / 2))
        opened = websockets.connect(
            self.address, subprotocols=["streamlit"], origin=self.origin, max_size=None, ping_interval=None
        )
        async with opened as socket:
            await self.ask(socket)
            while time.perf_counter() < began + LASTS_S:
                await asyncio.sleep(self.random.uniform(1.5, 2.5))
                self.chosen[self.random.choice(SLIDERS)] = self.random.choice(STOPS)
                moved = time.perf_counter()
                shown = await self.ask(socket)
                if moved > began + WARM_S:
                    self.waits_ms.append((shown - moved) * 1e3)

    async def ask(self, socket):
        """Send what is chosen; return when the player's data came, after the page has run to its end."""
        message = BackMsg()
        message.rerun_script.query_string = ""
        for label, value in self.chosen.items():
            widget = message.rerun_script.widget_states.widgets.add()
            widget.id = self.ids[label]
            widget.string_array_value.data.append(value)
        await socket.send(message.SerializeToString())
        shown = None
        while True:
            for part in unpacked(await socket.recv()):
                kind = part.WhichOneof("type")
                if kind == "script_finished" and part.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    return shown
                if kind == "delta" and part.delta.WhichOneof("type") == "new_element":
                    element = part.delta.new_element
                    if element.WhichOneof("type") == "slider":
                        self.ids[element.slider.label] = element.slider.id
                    elif element.WhichOneof("type") == "bidi_component":
                        shown = shown or time.perf_counter()


def unpacked(data):
    one = ForwardMsg()
    try:
        one.ParseFromString(data)
        if one.WhichOneof("type"):
            return [one]
    except ValueError:
        pass
    many = ForwardMsgList()
    many.ParseFromString(data)
    return many.messages


async def together(count, port):
    visitors = [Visitor(number, port) for number in range(count)]
    began = time.perf_counter()
    await asyncio.gather(*(one.visit(began) for one in visitors))
    return [wait for one in visitors for wait in one.waits_ms]


def main():
    port = free_port()
    command = [sys.executable, "-m", "bench.cli", "--no-browser", "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_until_up(port)
        asyncio.run(together(1, port))
        for count in [int(one) for one in sys.argv[1:]] or VISITORS:
            line(f"{count} visitors, slider to picture", asyncio.run(together(count, port)))
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    main()
