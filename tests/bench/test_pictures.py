import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from bench import pictures
from bench.pictures import PicturesError, folder, generated, list_pictures


def names(path: Path) -> list[str]:
    return sorted(item.name for item in path.iterdir())


def test_generated_pictures_have_the_size_and_shape_of_photographs(tmp_path: Path) -> None:
    seen = []
    path = generated(tmp_path / "pictures", lambda done, total: seen.append((done, total)), count=120)
    files = list_pictures(path)
    assert seen == [(number, 120) for number in range(1, 121)]
    assert len(files) == 120
    assert 90_000 <= statistics.median(map(os.path.getsize, files)) <= 115_000
    with Image.open(files[0]) as picture:
        assert picture.format == "JPEG"
        assert sorted(picture.size) in ([375, 500], [333, 500], [400, 500])
    assert names(tmp_path) == ["pictures"]


def test_pictures_are_generated_once_and_the_same_every_time(tmp_path: Path) -> None:
    first, second = (generated(tmp_path / name, count=4) for name in ("a", "b"))
    assert [Path(name).read_bytes() for name in list_pictures(first)] == [
        Path(name).read_bytes() for name in list_pictures(second)
    ]
    assert generated(first, lambda *_: pytest.fail("generated again"), count=4) == first


def test_a_folder_from_which_pictures_were_taken_is_made_whole(tmp_path: Path) -> None:
    path = generated(tmp_path / "pictures", count=3)
    Path(list_pictures(path)[1]).unlink()
    assert len(list_pictures(generated(path, count=3))) == 3
    assert names(tmp_path) == ["pictures"]


def test_without_a_folder_the_pictures_lie_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures.platformdirs, "user_cache_path", lambda name: tmp_path / name)
    monkeypatch.setattr(pictures.generated, "__defaults__", (None, 2))
    assert folder() == tmp_path / "dataloader-lab" / "pictures"
    assert len(list_pictures(folder())) == 2


def test_a_killed_generation_leaves_nothing_that_is_taken_for_whole(tmp_path: Path) -> None:
    path = tmp_path / "pictures"
    code = "import os, sys; from pathlib import Path; from bench.pictures import generated\n"
    code += "generated(Path(sys.argv[1]), lambda done, total: done == 3 and os.kill(os.getpid(), 9), count=5)"
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == -9
    assert not path.exists()
    (part,) = tmp_path.iterdir()
    os.utime(part, (0, 0))
    assert len(list_pictures(generated(path, count=5))) == 5
    assert names(tmp_path) == ["pictures"]


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    # A limit on the size of a file makes the system refuse a write as a full disk does, without being root.
    code = "import resource, sys; from pathlib import Path; from bench.pictures import generated, PicturesError\n"
    code += "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
    code += "try: generated(Path(sys.argv[1]), count=3)\nexcept PicturesError as error: print(error)"
    run = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "cache" / "pictures"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "could not be written" in run.stdout
    assert run.stdout.count("\n") == 1
    assert "or give a folder of JPEG files" in run.stdout
    assert not list((tmp_path / "cache").iterdir())


def test_a_cache_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(PicturesError, match="could not be written"):
        generated(tmp_path / "cache" / "pictures", count=1)


def test_a_folder_is_searched_whatever_the_case_and_depth(tmp_path: Path) -> None:
    for name in ("b.JPG", "deep/er/a.jpeg", "c.png", "d.jpg.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    assert [os.path.relpath(name, tmp_path) for name in list_pictures(tmp_path)] == ["b.JPG", "deep/er/a.jpeg"]
    assert folder(str(tmp_path)) == tmp_path


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (Path.exists, "does not exist: give another"),
        (Path.touch, "is not one: give the folder"),
        (Path.mkdir, "has no .jpg or .jpeg in it: give another"),
    ],
)
def test_a_wrong_folder_is_named_with_a_way_out(tmp_path: Path, make: object, sentence: str) -> None:
    make(tmp_path / "images")
    with pytest.raises(PicturesError, match=r"^images must ") as caught:
        folder(str(tmp_path / "images"))
    assert sentence in str(caught.value)
    assert str(tmp_path / "images") in str(caught.value)


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0)
    try:
        with pytest.raises(PicturesError, match="images must be readable"):
            folder(str(tmp_path))
    finally:
        tmp_path.chmod(0o700)
