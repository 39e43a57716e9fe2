import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.trial.messages import LARGEST_BODY, Kind, Message, Parser, send, send_json

MESSAGES = st.lists(st.builds(Message, st.sampled_from(Kind), st.binary(max_size=40)))


def written(messages: list[Message]) -> bytes:
    read, write = os.pipe()
    for message in messages:
        send(write, message.kind, message.body)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        return stream.read()


@given(MESSAGES, st.integers(1, 50))
def test_messages_come_whole_however_the_stream_is_cut(messages: list[Message], piece: int) -> None:
    stream, parser = written(messages), Parser()
    pieces = (stream[at : at + piece] for at in range(0, len(stream), piece))
    assert [message for data in pieces for message in parser.feed(data)] == messages


def test_a_message_larger_than_the_pipe_is_sent_whole() -> None:
    read, write = os.pipe()
    body = os.urandom(1_000_000)
    sender = threading.Thread(target=lambda: (send(write, Kind.TIMELINE, body), os.close(write)))
    sender.start()
    with os.fdopen(read, "rb") as stream:
        data = stream.read()
    sender.join()
    assert list(Parser().feed(data)) == [Message(Kind.TIMELINE, body)]


def test_a_json_body_is_read_back() -> None:
    read, write = os.pipe()
    send_json(write, Kind.RESULT, {"a": [1, "\0"]})
    (message,) = Parser().feed(os.read(read, 1000))
    os.close(read)
    os.close(write)
    assert message.json() == {"a": [1, "\0"]}


@pytest.mark.parametrize(
    "noise",
    [b"\xff\x00\x00\x00\x00", bytes([Kind.RESULT]) + (LARGEST_BODY + 1).to_bytes(4, "little")],
)
def test_noise_is_refused_instead_of_waited_for(noise: bytes) -> None:
    with pytest.raises(ValueError, match="not a message"):
        list(Parser().feed(noise))
