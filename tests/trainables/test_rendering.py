"""The drawn faces: exact landmarks, full control, the same seed gives the same pixels."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from trainables.rendering.parameters import Expression, FaceParameters, Identity, Light, MakeUp, Occluder, Pose
from trainables.rendering.render import render
from trainables.rendering.sampling import sample_face, sample_identity
from trainables.schemes import SCHEMES

SCHEME_NAMES = ("68", "98", "29", "19")
PLAIN = FaceParameters(noise=0.0)


def sampled(num_faces, seed=0):
    rng = np.random.default_rng(seed)
    return [sample_face(rng) for _ in range(num_faces)]


def test_the_same_seed_gives_the_same_pixels():
    first, second = sampled(6), sampled(6)
    assert first == second
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(render(one).image, render(other).image)


def test_another_seed_gives_another_picture():
    assert not np.array_equal(render(sampled(1, seed=0)[0]).image, render(sampled(1, seed=1)[0]).image)


@pytest.mark.parametrize("size", [64, 160, 300])
def test_a_picture_has_the_asked_size_and_landmarks_scale_with_it(size):
    face = sampled(1)[0]
    rendered = render(face, size)
    assert rendered.image.shape == (size, size, 3) and rendered.image.dtype == np.uint8
    # Share of the side, measured from the border: the centre of the first pixel is at half a pixel.
    small, large = (rendered.landmarks("98") + 0.5) / size, (render(face, 160).landmarks("98") + 0.5) / 160
    np.testing.assert_allclose(small, large, atol=1e-9)


@pytest.mark.parametrize("name", SCHEME_NAMES)
def test_a_neutral_frontal_face_is_its_own_mirror_image(name):
    size = 160
    landmarks = render(PLAIN, size).landmarks(name)
    mirrored = np.stack([size - 1 - landmarks[:, 0], landmarks[:, 1]], axis=-1)
    np.testing.assert_allclose(mirrored[list(SCHEMES[name].flip_permutation)], landmarks, atol=1e-6 * size)


@pytest.mark.parametrize("name", SCHEME_NAMES)
def test_turning_the_head_the_other_way_mirrors_the_landmarks(name):
    size = 160
    right, left = (
        render(replace(PLAIN, pose=Pose(yaw_degrees=yaw, roll_degrees=yaw / 2, pitch_degrees=8.0)), size).landmarks(
            name
        )
        for yaw in (24.0, -24.0)
    )
    mirrored = np.stack([size - 1 - left[:, 0], left[:, 1]], axis=-1)
    np.testing.assert_allclose(mirrored[list(SCHEMES[name].flip_permutation)], right, atol=1e-6 * size)


@pytest.mark.parametrize("name", SCHEME_NAMES)
def test_a_scheme_has_its_number_of_landmarks_and_states(name):
    rendered = render(PLAIN)
    assert rendered.landmarks(name).shape == (SCHEMES[name].num_landmarks, 2)
    assert rendered.state(name).shape == (SCHEMES[name].num_landmarks,)
    assert rendered.state(name).dtype == np.uint8


def test_an_unknown_scheme_is_named_in_the_error():
    with pytest.raises(KeyError, match="106"):
        render(PLAIN).landmarks("106")


def test_an_unknown_occluder_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="'umbrella'"):
        Occluder(kind="umbrella")


def test_landmarks_stay_inside_the_image_and_the_box_has_its_size():
    for face in sampled(200, seed=3):
        landmarks = render(face, 64).landmarks("98")
        assert landmarks.min() >= 0 and landmarks.max() <= 63
        assert np.ptp(landmarks, axis=0).max() == pytest.approx(face.pose.box_side * 64)
        assert 0.45 <= face.pose.box_side <= 0.75


def test_faces_differ_in_size_and_place():
    poses = [face.pose for face in sampled(100)]
    assert np.ptp([pose.box_side for pose in poses]) > 0.2
    assert np.ptp([pose.centre_x for pose in poses]) > 0.15
    assert np.ptp([pose.centre_y for pose in poses]) > 0.12


def test_the_schemes_agree_where_they_share_points():
    for face in sampled(10):
        rendered = render(face, 64)
        points_68, points_98, points_29, points_19 = (rendered.landmarks(name) for name in SCHEME_NAMES)
        assert np.array_equal(points_68[:17], points_98[:33:2])
        assert np.array_equal(points_68[27:36], points_98[51:60])
        assert np.array_equal(points_68[48:68], points_98[76:96])
        assert np.array_equal(points_68[[36, 39, 42, 45]], points_98[[60, 64, 68, 72]])
        assert np.array_equal(points_29[[8, 10, 11, 9]], points_98[[60, 64, 68, 72]])
        assert np.array_equal(points_19[[6, 8, 9, 11]], points_98[[60, 64, 68, 72]])
        assert np.array_equal(points_29[[16, 17]], points_98[[96, 97]])
        assert np.array_equal(points_19[[7, 10]], points_98[[96, 97]])
        assert np.array_equal(points_29[28], points_68[8]) and np.array_equal(points_19[18], points_68[8])


def test_pupils_lie_inside_the_eyes():
    num_eyes = 0
    for face in sampled(100, seed=5):
        rendered = render(face, 64)
        landmarks = rendered.landmarks("98").astype(np.float32)
        for eye, pupil in ((range(60, 68), 96), (range(68, 76), 97)):
            # Beyond that the far eye is partly behind the nose, and its outline folds over itself.
            if abs(face.pose.yaw_degrees) < 35:
                num_eyes += 1
                assert cv2.pointPolygonTest(landmarks[list(eye)], landmarks[pupil].tolist(), True) > -0.02
    assert num_eyes > 150


def test_the_order_of_98_is_that_of_wflw_on_a_frontal_face():
    x, y = render(PLAIN).landmarks("98").T
    assert (np.diff(x[:33]) > 0).all()  # contour from the viewer's left to the right, chin lowest
    assert y[16] == y.max()
    assert (np.diff(x[33:38]) > 0).all() and (np.diff(x[38:42]) < 0).all()  # brow: upper edge inwards, lower edge back
    assert (y[35], y[44]) < (y[40], y[48])
    assert (np.diff(y[51:55]) > 0).all() and (np.diff(x[55:60]) > 0).all()
    assert x[60] < x[64] < x[68] < x[72] and y[62] < y[66] and y[70] < y[74]
    assert x[76] < x[79] < x[82] and y[79] < y[90] < y[94] < y[85]


def test_a_frontal_face_without_an_occluder_is_all_visible():
    for name in SCHEME_NAMES:
        assert (render(PLAIN).state(name) == 1).all()


def test_only_landmarks_below_the_occluder_are_occluded():
    mouth = Occluder(kind="rectangle", x=0.0, y=1.0, width=1.0, height=0.4)
    rendered = render(replace(PLAIN, occluder=mouth))
    state, landmarks = rendered.state("98"), rendered.landmarks("98")
    covered = rendered.occluder_mask[tuple(np.rint(landmarks).astype(int).T[::-1])] > 127
    assert np.array_equal(state == 2, covered)
    assert (state[76:96] == 2).all() and (state[60:76] == 1).all() and state[16] == 1


def test_sunglasses_hide_the_eyes_and_not_the_mouth():
    glasses = Occluder(kind="sunglasses", y=0.03, width=1.65, height=0.5)
    state = render(replace(PLAIN, occluder=glasses)).state("98")
    assert (state[[*range(60, 76), 96, 97]] == 2).all() and (state[76:96] == 1).all()


def test_a_turned_head_hides_the_far_jaw_and_not_the_near_one():
    state = render(replace(PLAIN, pose=Pose(yaw_degrees=45.0))).state("98")
    assert (state[22:33] == 2).all() and (state[:16] == 1).all()


@pytest.mark.parametrize(
    ("tag", "changed"),
    [
        ("largepose", replace(PLAIN, pose=Pose(yaw_degrees=45.0))),
        ("expression", replace(PLAIN, expression=Expression(mouth_open=0.8))),
        ("illumination", replace(PLAIN, light=Light(ambient=0.15, azimuth_degrees=80.0))),
        ("makeup", replace(PLAIN, make_up=MakeUp(lipstick=0.9))),
        ("occlusion", replace(PLAIN, occluder=Occluder(kind="hand"))),
        ("blur", replace(PLAIN, blur_px=2.5)),
    ],
)
def test_a_control_changes_the_picture_and_sets_its_tag_only(tag, changed):
    assert PLAIN.tags == () and changed.tags == (tag,)
    difference = np.abs(render(PLAIN).image.astype(int) - render(changed).image)
    assert (difference.max(axis=-1) > 10).sum() > 50


def test_every_tag_occurs_among_sampled_faces():
    tags = [tag for face in sampled(300) for tag in face.tags]
    for tag in ("largepose", "expression", "illumination", "makeup", "occlusion", "blur"):
        assert 15 <= tags.count(tag) <= 150


def test_what_does_not_move_the_face_leaves_the_landmarks_alone():
    changed = replace(
        PLAIN, make_up=MakeUp(blush=1.0), light=Light(ambient=0.1), blur_px=3.0, occluder=Occluder(kind="scarf")
    )
    assert np.array_equal(render(PLAIN).landmarks("98"), render(changed).landmarks("98"))


def test_two_views_of_one_identity_share_the_person_and_nothing_else():
    rng = np.random.default_rng(0)
    identity = sample_identity(rng)
    first, second = sample_face(rng, identity), sample_face(rng, identity)
    assert first.identity == second.identity == identity
    assert first.pose != second.pose and first.light != second.light and first.texture_seed != second.texture_seed


def test_the_painted_features_lie_at_the_landmarks():
    face = replace(
        PLAIN, identity=Identity(lip_colour=(255, 0, 0), hair_colour=(0, 0, 0)), expression=Expression(mouth_open=0.4)
    )
    rendered = render(replace(face, pose=Pose(yaw_degrees=15.0, pitch_degrees=-5.0, roll_degrees=10.0)))
    image, landmarks = rendered.image.astype(float), rendered.landmarks("98")

    def colour(point):
        return image[tuple(np.rint(point).astype(int)[::-1])]

    red, green, _ = colour((landmarks[85] + landmarks[94]) / 2)  # middle of the lower lip
    assert red > 2 * green
    red, green, _ = colour(landmarks[85] + 0.5 * (landmarks[85] - landmarks[94]))  # as far below it
    assert red < 2 * green
    assert colour(landmarks[96]).mean() < 60  # pupil
    assert colour((landmarks[35] + landmarks[40]) / 2).mean() < colour((landmarks[62] + landmarks[40]) / 2).mean() - 30
    outside = landmarks[8] + 0.06 * (landmarks[8] - landmarks[24])
    inside = landmarks[8] - 0.06 * (landmarks[8] - landmarks[24])
    assert np.abs(colour(outside) - colour(inside)).max() > 30  # the jaw is an edge


def test_the_light_comes_from_where_it_is_said_to_come():
    def brightness(light):
        rendered = render(replace(PLAIN, light=light))
        landmarks = rendered.landmarks("98")
        left, right = (landmarks[76] + landmarks[4]) / 2, (landmarks[82] + landmarks[28]) / 2
        return tuple(rendered.image[tuple(np.rint(point).astype(int)[::-1])].mean() for point in (left, right))

    left, right = brightness(Light(azimuth_degrees=60.0))
    assert right > left + 20
    left, right = brightness(Light(azimuth_degrees=-60.0))
    assert left > right + 20


def test_exposure_and_colour_are_gains_of_the_channels():
    dim = Light(exposure=0.5)
    picture = render(replace(PLAIN, light=dim)).image.astype(float)
    tinted = render(replace(PLAIN, light=replace(dim, exposure=1.0, colour=(0.5, 0.25, 0.0)))).image.astype(float)
    assert np.abs(tinted[..., 0] - picture[..., 0]).max() <= 1
    assert np.abs(tinted[..., 1] - picture[..., 1] / 2).max() <= 1
    assert tinted[..., 2].max() == 0
