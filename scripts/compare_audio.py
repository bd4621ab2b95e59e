"""Writes files with soundfile, NumPy and Pillow, and says how far what compare_audio.snn made of them is from what they read."""

import glob
import json
import os
import sys
import time

import librosa
import numpy as np
import soundfile
from PIL import Image

task, folder = sys.argv[1:]
rate = 16000
kinds = ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM"]

if task == "write":
    random = np.random.default_rng(3)
    t = np.arange(20001) / rate
    x = np.stack([0.4 * np.sin(2 * np.pi * (100 * t + 1500 * t * t)) + 0.05 * random.standard_normal(t.size), 0.9 * np.cos(300 * t)], 1)
    for kind in kinds:
        soundfile.write(f"{folder}/{kind}.wav", x, rate, subtype=kind)
        soundfile.write(f"{folder}/{kind}.mono.wav", x[:, 0], rate, subtype=kind)
    soundfile.write(f"{folder}/GSM610.wav", x[:, 0], rate, subtype="GSM610")
    soundfile.write(f"{folder}/extensible.wav", x, rate, subtype="PCM_24", format="WAVEX")
    soundfile.write(f"{folder}/long.rf64", x, rate, subtype="PCM_16", format="RF64")
    for ending in ["flac", "aiff", "au", "caf", "w64"]:
        soundfile.write(f"{folder}/x.{ending}", x, rate, subtype="PCM_16")
    np.savez(f"{folder}/plain.npz", a=np.arange(6).reshape(2, 3), b=np.float32([0.5, np.inf]), c=np.array([True, False]), d=np.asfortranarray(random.random((3, 4, 2))))
    np.savez_compressed(f"{folder}/packed.npz", a=np.arange(6, dtype=">i2"), big=np.zeros((300, 500), np.uint8))
    pixels = random.integers(0, 256, (37, 23, 4), dtype=np.uint8)
    for mode, channels in [("L", pixels[..., 0]), ("RGB", pixels[..., :3])]:
        image = Image.fromarray(np.ascontiguousarray(channels))
        image.save(f"{folder}/{mode}.png")
        image.save(f"{folder}/{mode}.jpg", quality=90)
    Image.fromarray(pixels[..., 0]).convert("P").save(f"{folder}/P.png")
    # For the speeds: ten minutes of stereo, and a picture of four million pixels that is neither noise nor plain.
    os.mkdir(f"{folder}/speed")
    long = (0.3 * random.standard_normal((600 * rate, 2))).clip(-1, 1)
    for kind in ["PCM_16", "PCM_24", "FLOAT"]:
        soundfile.write(f"{folder}/speed/{kind}.wav", long, rate, subtype=kind)
    place = np.indices((2048, 2048))
    picture = np.stack([place[0] // 8, place[1] // 8, (place[0] * place[1]) >> 14], 2) + random.integers(0, 8, (2048, 2048, 3))
    Image.fromarray(picture.astype(np.uint8)).save(f"{folder}/speed/picture.png")
    Image.fromarray(picture.astype(np.uint8)).save(f"{folder}/speed/picture.jpg", quality=90)
    sys.exit()

failures = 0


def tell(name, error, bound):
    global failures
    failures += not error <= bound
    print(f"{'ok  ' if error <= bound else 'FAIL'} {name}: {error:.2g}, at most {bound:g}")


def far(found, wanted):
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    return np.abs(found - wanted).max() / max(np.abs(wanted).max(), 1e-30) if found.shape == wanted.shape else np.inf


for path in sorted(glob.glob(f"{folder}/*")):
    name = os.path.basename(path)
    if os.path.isdir(path):
        continue
    if name.endswith((".again.wav", ".npy", ".back", ".out")):
        continue
    if name.endswith((".png", ".jpg")):
        image = Image.open(path)
        image = image if image.mode in ("L", "RGB") else image.convert("RGB")
        wanted = np.atleast_3d(np.asarray(image)).transpose(2, 0, 1) / 255
        found = np.load(path + ".npy")
        tell(name, np.abs(found - wanted.astype(np.float32)).max() if found.shape == wanted.shape else np.inf, 0)
    elif name.endswith(".npz"):
        given, back = np.load(path), np.load(path + ".back")
        same = given.files == back.files and all(np.array_equal(given[k].astype(np.float32), back[k].astype(np.float32)) for k in given.files)
        tell(name, 0 if same else np.inf, 0)
    else:
        wanted, _ = soundfile.read(path, dtype="float32")
        tell(name, np.abs(np.load(path + ".npy") - wanted.T).max(), 0)
        if os.path.exists(path + ".again.wav"):
            again, _ = soundfile.read(path + ".again.wav", dtype="float32")
            soundfile.write(path + ".own.out", wanted, rate, format="WAV", subtype=soundfile.info(path).subtype)
            own, _ = soundfile.read(path + ".own.out", dtype="float32")
            tell(f"{name} written", np.abs(again - own).max() if again.shape == own.shape else np.inf, 0)

x = soundfile.read(f"{folder}/PCM_16.wav", dtype="float32")[0][:, 0]
out = np.load(f"{folder}/spectra.out")
wanted = librosa.stft(x.astype(float), n_fft=512, hop_length=128, pad_mode="constant").T
tell("stft", max(far(out["re"], wanted.real), far(out["im"], wanted.imag)), 2e-5)
settings = dict(y=x.astype(float), sr=rate, n_fft=512, hop_length=128, n_mels=40, pad_mode="constant")
decibels = librosa.power_to_db(librosa.feature.melspectrogram(**settings))
tell("mel", far(out["mel"], decibels.T), 2e-5)
tell("mfcc", far(out["mfcc"], librosa.feature.mfcc(S=decibels, n_mfcc=20).T), 2e-5)
htk = librosa.feature.melspectrogram(y=x.astype(float), sr=rate, n_fft=400, hop_length=160, n_mels=24, fmin=50, fmax=7000, htk=True, norm=None, pad_mode="constant")
tell("htk mel", far(out["htk"], htk.T), 2e-5)
tell("deltas", far(out["deltas"], librosa.feature.delta(out["plain"].astype(float).T, width=9, mode="nearest").T), 2e-5)


def fastest(read, path):
    """Seconds of the fastest of five readings, in one process, of a file that the system holds in memory."""
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        read(path)
        best = min(best, time.perf_counter() - start)
    return best


def pillow(path):
    return np.ascontiguousarray(np.asarray(Image.open(path)).transpose(2, 0, 1), dtype=np.float32) / np.float32(255)


for line in open(f"{folder}/speed.out"):
    ours = json.loads(line)
    path = f"{folder}/speed/{ours['file']}"
    is_sound = path.endswith(".wav")
    theirs = fastest((lambda p: np.ascontiguousarray(soundfile.read(p, dtype="float32")[0].T)) if is_sound else pillow, path)
    peer = "soundfile" if is_sound else "Pillow"
    print(f"{ours['file']}, {ours['count'] / 1e6:.1f} million numbers: ours {1e3 * ours['seconds']:.0f} ms, {peer} {1e3 * theirs:.0f} ms, {theirs / ours['seconds']:.2f} times its speed")
print("all agree" if failures == 0 else f"{failures} differ")
sys.exit(failures > 0)
