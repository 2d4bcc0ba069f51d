"""ibug300vw reads frames from videos or extracted pictures, hides landmarks if asked to, and tells what is off."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.trainables.layouts_pts import POINTS, write_picture, write_pts
from trainables.dataset import DataError, UnreadableImage
from trainables.datasets._ibug300vw import BROKEN_FRAMES, CATEGORIES, TRAINING
from trainables.datasets.ibug300vw import DATASET, Ibug300vw
from trainables.inspection import inspect_dataset
from trainables.listing import list_faces

FOLDER = "300VW_Dataset_2015_12_14"


def write_annotations(root: Path, video: str, numbers, end: str = "\n", landmarks: np.ndarray = POINTS) -> None:
    for number in numbers:
        write_pts(root / FOLDER / video / "annot" / f"{number:06d}.pts", landmarks + number, end)


def write_film(root: Path, video: str, frames: list[np.ndarray]) -> Path:
    """Losslessly, so that frames come back exactly."""
    path = root / FOLDER / video / "vid.avi"
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"FFV1"), 25, (width, height))
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()
    return path


@pytest.fixture(scope="module")
def frames(rendered) -> list[np.ndarray]:
    return [face.pixels for face in list(rendered.faces(Path("/nowhere")))[:6]]


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("form", ["vid.avi", ".png", ".jpg", ".JPG"])
def test_what_was_written_is_read_back_exactly_from_both_forms(tmp_path, frames, form, end):
    for video in ("001", "562"):
        write_annotations(tmp_path, video, range(1, 7), end)
        if form == "vid.avi":
            write_film(tmp_path, video, frames)
        else:
            for number, pixels in enumerate(frames, start=1):
                write_picture(tmp_path / FOLDER / video / "imgs" / f"{number:06d}{form}", pixels)
    faces = DATASET.faces(tmp_path)
    assert [(face.video, face.group, face.split, face.tags) for face in faces] == (
        [("001", "001", "train", ())] * 6 + [("562", "562", "test", ("category3",))] * 6
    )
    for face, number in zip(faces, [*range(1, 7)] * 2, strict=True):
        assert np.array_equal(face.landmarks, POINTS + number)
        assert np.array_equal(DATASET.read_image(tmp_path, face), frames[number - 1])
        assert face.box is None
    assert len({face.name for face in faces}) == 12
    assert list_faces(DATASET, tmp_path).faces


@pytest.mark.parametrize("order", [[1, 2, 3], [2, 5], [6, 1, 4], [3, 3, 2], [1, 6, 1]])
def test_frames_of_a_video_come_in_any_order(tmp_path, frames, order):
    write_annotations(tmp_path, "001", range(1, 7))
    write_film(tmp_path, "001", frames)
    faces = DATASET.faces(tmp_path)
    for number in order:
        assert np.array_equal(DATASET.read_image(tmp_path, faces[number - 1]), frames[number - 1])


def test_a_video_that_was_written_anew_is_read_anew(tmp_path, frames):
    write_annotations(tmp_path, "001", [1])
    for shown in (frames[:2], frames[3:]):
        write_film(tmp_path, "001", shown)
        assert np.array_equal(DATASET.read_image(tmp_path, DATASET.faces(tmp_path)[0]), shown[0])


def test_a_frame_that_was_not_extracted_comes_from_the_video(tmp_path, frames):
    write_annotations(tmp_path, "001", [1, 2])
    write_film(tmp_path, "001", frames)
    write_picture(tmp_path / FOLDER / "001" / "imgs" / "000002.png", frames[1])
    first, second = DATASET.faces(tmp_path)
    assert (first.image, first.name, second.name) == ("001/vid.avi", "001/vid.avi#000001", "001/imgs/000002.png")
    assert np.array_equal(DATASET.read_image(tmp_path, first), frames[0])


def test_the_videos_are_50_to_train_and_64_in_three_categories():
    tested = [video for videos in CATEGORIES.values() for video in videos]
    assert [len(videos) for videos in CATEGORIES.values()] == [31, 19, 14]
    assert len(TRAINING) == 50
    assert len({*TRAINING, *tested}) == 114
    assert set(BROKEN_FRAMES) <= set(tested)
    assert sum(len(numbers) for numbers in BROKEN_FRAMES.values()) == 2127
    assert DATASET.COUNTS == {"train+val": 95192, "test": 121278}
    assert DATASET.SUBSETS == {"category1": 62135, "category2": 32805, "category3": 26338}


def test_without_labels_training_frames_are_boxes_and_test_frames_keep_their_landmarks(tmp_path):
    for video in ("001", "203"):
        write_annotations(tmp_path, video, [1, 2], landmarks=POINTS + 0.25)
    hidden = Ibug300vw(labelled=False)
    faces = hidden.faces(tmp_path)
    assert [face.split for face in faces] == ["unlabelled"] * 2 + ["test"] * 2
    assert np.isnan(faces[0].landmarks).all()
    assert faces[0].box == (1.0, 2.0, 135.0, 135.0)  # 1.25 … 135.25 and 2.25 … 136.25 in whole px
    assert np.array_equal(faces[2].landmarks, POINTS + 1.25)
    assert faces[2].box is None
    assert hidden.COUNTS == {"unlabelled": 95192, "test": 121278}
    assert {face.split for face in list_faces(hidden, tmp_path).faces} == {"unlabelled", "test"}


def test_a_hidden_face_is_cropped_as_it_is_with_its_landmarks(tmp_path, rendered):
    for number, face in enumerate(rendered.faces(tmp_path), start=1):
        write_pts(tmp_path / FOLDER / "001" / "annot" / f"{number:06d}.pts", face.landmarks)
    shown, hidden = DATASET.faces(tmp_path), Ibug300vw(labelled=False).faces(tmp_path)
    for one, other in zip(shown, hidden, strict=True):
        maps = [DATASET.CROP.matrix(face.landmarks, face.box and np.array(face.box), 64) for face in (one, other)]
        assert np.allclose(*maps, atol=1e-9)


@pytest.mark.parametrize(("every", "taken"), [(1, [3, 4, 7, 8, 9]), (2, [3, 7, 9]), (3, [3, 8]), (9, [3])])
def test_every_nth_annotated_frame_is_taken_from_the_first_on(tmp_path, every, taken):
    write_annotations(tmp_path, "001", [3, 4, 7, 8, 9])
    dataset = Ibug300vw(every=every)
    assert [face.which for face in dataset.faces(tmp_path)] == [f"{number:06d}" for number in taken]
    assert len(dataset.sources(tmp_path)) == len(taken)
    assert bool(dataset.COUNTS) == bool(dataset.SUBSETS) == (every == 1)


def test_broken_test_frames_are_left_out_and_named_unless_asked_for(tmp_path):
    write_annotations(tmp_path, "401", [721, 722, 723, 725])
    everything = Ibug300vw(broken=True)
    assert [face.which for face in DATASET.faces(tmp_path)] == ["000721", "000725"]
    assert len(everything.faces(tmp_path)) == 4
    told = "401: 2 frames with a broken annotation left out: 722, 723"
    assert told in DATASET.remarks(tmp_path)
    assert told not in everything.remarks(tmp_path)


def test_one_based_coordinates_are_one_px_less(tmp_path):
    write_annotations(tmp_path, "001", [1])
    assert np.array_equal(Ibug300vw(one_based=True).faces(tmp_path)[0].landmarks, POINTS)


def test_absent_videos_other_folders_and_unannotated_frames_are_told(tmp_path, frames):
    write_annotations(tmp_path, "001", [1])
    write_film(tmp_path, "001", frames)
    write_annotations(tmp_path, "002", [1])
    write_annotations(tmp_path, "extra", [1])
    for number in (1, 2, 3):
        write_picture(tmp_path / FOLDER / "002" / "imgs" / f"{number:06d}.png", frames[0])
    assert [face.group for face in DATASET.faces(tmp_path)] == ["001", "002"]
    absent, *others = DATASET.remarks(tmp_path)
    assert absent.startswith("112 videos of 114 absent: 003, 004, 007") and absent.endswith("and 102 more")
    assert others == [
        "1 folder left out, no video of 300VW: extra",
        "001/vid.avi: 6 frames, 1 annotated",
        "002/imgs: 2 pictures without annotation, left out: 000002.png, 000003.png",
    ]


def test_frames_that_are_not_there_are_counted_as_unreadable(tmp_path, frames):
    write_annotations(tmp_path, "001", [1, 9])
    write_film(tmp_path, "001", frames[:3])
    write_annotations(tmp_path, "002", [1])
    write_annotations(tmp_path, "003", [1])
    write_picture(tmp_path / FOLDER / "003" / "imgs" / "000002.png", frames[0])
    write_annotations(tmp_path, "004", [1])
    (tmp_path / FOLDER / "004" / "vid.avi").write_bytes(b"RIFF")
    assert inspect_dataset(DATASET, tmp_path).unreadable == [
        "001/vid.avi#000009: the file ends or cannot be decoded before this frame",
        "002/vid.avi#000001: no such file",
        "003/imgs/000001: no such file",
        "004/vid.avi#000001: the file is no readable video",
    ]


def test_frames_after_the_lost_end_of_a_video_do_not_spoil_those_before_it(tmp_path, frames):
    write_annotations(tmp_path, "001", range(1, 7))
    write_film(tmp_path, "001", frames[:3])
    faces = DATASET.faces(tmp_path)
    for face in faces[3:]:
        with pytest.raises(UnreadableImage):
            DATASET.read_image(tmp_path, face)
    assert np.array_equal(DATASET.read_image(tmp_path, faces[2]), frames[2])


def test_all_wrong_files_of_all_videos_are_told_at_once(tmp_path):
    write_annotations(tmp_path, "001", [1, 2])
    write_annotations(tmp_path, "203", [1])
    cut_off = tmp_path / FOLDER / "203" / "annot" / "000001.pts"
    cut_off.write_text("{\n1 2\n")
    unnumbered = [tmp_path / FOLDER / "001" / "annot" / name for name in ("000000.pts", "2.pts", "face.pts")]
    for path in unnumbered:
        write_pts(path)
    with pytest.raises(DataError) as error:
        DATASET.faces(tmp_path)
    text = str(error.value)
    assert f"{cut_off}, line 1: no '}}' follows" in text
    assert all(f"{path}: its name is no frame number" in text for path in unnumbered)


def test_the_digest_follows_annotations_videos_and_pictures(tmp_path, frames):
    write_annotations(tmp_path, "001", [1])
    digests = [DATASET.digest(tmp_path)]
    write_film(tmp_path, "001", frames)
    digests.append(DATASET.digest(tmp_path))
    write_picture(tmp_path / FOLDER / "001" / "imgs" / "000001.png", frames[0])
    digests.append(DATASET.digest(tmp_path))
    write_annotations(tmp_path, "001", [1], landmarks=POINTS + 1)
    digests.append(DATASET.digest(tmp_path))
    assert len(set(digests)) == 4


def test_the_real_frames_have_their_points_on_the_face(data_root, tmp_path):
    folder = data_root / "samples" / "300vw"
    if not folder.is_dir():
        pytest.skip(f"needs the real frames, and {folder} does not exist (set MARKSWEEP_DATA)")
    (tmp_path / FOLDER).symlink_to(folder)
    faces = Ibug300vw(broken=True).faces(tmp_path)
    assert [(face.image, face.split) for face in faces] == [
        ("001/imgs/000006.jpg", "train"),
        ("001/imgs/000009.jpg", "train"),
        ("401/imgs/000731.jpg", "test"),
        ("401/imgs/000732.jpg", "test"),
    ]
    assert [face.image for face in DATASET.faces(tmp_path)][2:] == ["401/imgs/000732.jpg"]  # 731 is broken
    for face in faces:
        height, width = DATASET.read_image(tmp_path, face).shape[:2]
        assert (height, width) == ((720, 1280) if face.group == "001" else (512, 700))
        assert (face.landmarks > 0).all() and (face.landmarks < [width, height]).all()
    # First and last points as the files have them.
    assert faces[0].landmarks[0].tolist() == [743.224, 197.764]
    assert faces[2].landmarks[67].tolist() == [463.901645, 377.165623]
