"""Small files that are right, one or more for each reader of the program: what the hunt damages.

The program writes what it can write, this writes the rest by hand. HDF5 files of kinds that the program only reads were made
once, by h5py 3.16, with the data sets that their formats name; they stand here packed by zlib, in base 85.
"""

import base64
import gzip
import os
import struct
import subprocess
import zlib

SOUNDS = ["wav", "flac", "ogg", "aiff", "au", "caf", "w64", "rf64"]
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

PACKED = {
    "dsec.h5": (
    "c-rgqaB<`1lHy_j0S*oZ76t(ZWbhvf9`mB|Ve$!3nh{EOK<O1sFmXn(oCH){5NbZUx{x4OSCH!eXaHu<16Bx)>bg-dQh<l6V*rSb"
    "fbtcf^a&<Zb*W{kc_qaR3?=dTX=%l&B@Afk(}F~Maiw1mW(YrnmALe4!7-"
    "YCN7FAN{c6C<OIB2M6;QeoN*6%s60~$|K%~9Fe*P|u3``6huzbUeY7TljhNaKbJfm@jS`M&6!i*8dhm;76j1U26Fe1?cV5Ok&WI_"
    "sAR$xqk#F?0wz#2KA<}foha6)vlq1ilPP=*I2U9rH+#W`H~)x*l`_1yT?!P2P)JAQSrblS!_)YDZx6B8X$*EFu7l)4xg?lUq|6e^"
    "5JsR?(etl>sAVUULk$m8S(2@6t2#2qC2p#?wB5J@Nu49|g{eZh>ah~_}4>fm9)0ZSMT1j6DrFKVF#0}F;k(c<9552gXXcUuY"),
    "mvsec.hdf5": (
    "c-"
    "rgqaB<`1lHy_j0S*oZ76t(ZWbhvfPVl1gVe$!3nh{EOK<O1sFmXn(oCH){5NbZUx{x4OSCH!eXaHu90Xu}|U>F4>5qP*d27u@YC?"
    "A$ePcWgXOGzxtEJjL?9u(Tk$iNCQixI}xfY3}30hskHP#T@j3{3eTm4XWP(6sBoV8YE{@}C(Z&k7U;$uluQ4CH|36lO*Ps1XimE~"
    "*#=u^|F=lnj)9U=N``Kxql6xB`@Z0h8a4t2~$i_3aKe;>rUH?$PpKv^>Bp4{orbs>?}DD`B8wc@XU9?*dA}uyj|zf?EHfr{ht8t6"
    "ari4lIBM>;W#~%7F%+(Q;t49Kb9G9&n+mOD#*yD=DU3IZ(lYS`MJ6<556dI4UrYh6y<U02?-Kb^"),
    "prophesee.hdf5": (
    "c-rgqaB<`1lHy_j0S*oZ76t(ZWbhvfOr%ixF!=;1%?PDCp!5nRm^d?7P68?}05xBM8N$ziiiZTbx`I^yM*}c>mWV@W4u(-M5`l-"
    "SV*rSbfTtq}IKhOf&e;VuJ$g`RuOQSW^mNSwHJOotlR*TSD$`T*b5l!-"
    "Dq;F085zMk1>kPsKyep4$V_I0Tiu=geHf8EhO7<*%uEa_Oe_rG?z+K0nkGiUC>RB!U=)mkQ7{Td!6+C7qhJ(_f}sW&8Cbx5egj4r"
    "A2MRb$OsXD4RgR~W`-MJ^<pdx417Skf=GJ=;ARLgRHB(ljGh9h7z-"
    "gi90)xnP%$<l^gu>Q92i)EERg@0n3%u;zyS>pX2ugD5Y;kh;l~8TTu@#;(|w>W5x5*9$`~YUOovAl!q<V0EfN}od;>LLbPRH20$g"
    "K|KH{kAQp-~FN{XpB1{v(<?*dA}uyprC1eUHDu%_ctKwLO>2#<ydIRF5j`Bnk"),
    "ecf.hdf5": (
    "c-rlly-or_5XX1-5Kqt(K~PCFgeRaN#u5YQ6-N9jC}}R57?mh7*jZvjd<+W<AHz;dp1|5f3mbFZ?#^-"
    "_;Ua!C%KRwic5Y^NZu37bnJcrhHWkap2uIgRgd~U;8|dc!YjwW?mV)hoy<y6)iF@<lPeA>gCf5hx-"
    "`lBHd9)os?PF%7)d@0+nAO!SZtHy=N$#0Hu3Yi!(fr}QGq6)o*OO40k_j^FsB+&rIkH-"
    "(7b<UoQjwYH_oDmy8s{}Nx7YP@ZG(Cq%p1p9E*9Fwl|sL--ZW|gK@bE%5ClOG1VR29RQ%jInVLJ?rR4fCE$wG>vNtGzbF$GSY)<x"
    "^_QzT0)^Y3X_vU1~o3#p8u+m*8rF2aO>KF<8ABc)Gt5da>FEpjn5rH^mHPRFD8OLEbwmsxNTo(+k)X<WBA*UJWBQ!^Mb6Vhw4v`~"
    "uR3c-"
    "}6@NaaF>wHKrw$e8A!8r9Qe!%tlg3yn>$Ya7nn}<6_4dg)4C?iI4z>3k`1gno_#Q2V#5eQ)wbGA)M~NT^f*}8vr01K@w(a*9YO@@"
    "PH(nQwOF}*XK&^8b"),
    "shd_train.h5": (
    "c-rk*Jx>Bb5S_gbJufkwiG>12w6d_UB*sFcD1{ND78Vv@a)|^~0+^_=u*A-vVM*^Fu(a?8Q1}z<k!5#}-"
    "Hiu|nxM>UCUg5T%g#OKlDBv1jm>d4>H>x1fCV1NXmTvgtGQUu@<@2B@%Uhf=cK(h#h*{``a17mFO{O~rUtQ3!)DO|#4sYATHB@Zk"
    "mm^=pA3~(Ddh`(1)!Ka_KU6PUslUGNuS9t?i;4xw8`=l`*ZqDa^ZUTDp9|Zo@%zrtL9IseBt6OU#&>GUF~z<{hiDP0W;Wdaz>rkD"
    "?C4%RrUEC?Os>R;e@Hy)BhL$1q5t%Mj~?7Q9{@QF@{7mTN8?|O!J;jBqDsx1J?#O!g+S9layx|tg^%Fn&jS9C!N6UK=gy@$_R9@F"
    "xs6jbagw1v*3HWno@M-1#4apJ=LQh>!~(S{h(*5yPcUL=XA7et!K80Bq%X=tl&cn%W}W0pl^?csPPfs3gO$(*_-"
    "10%x}jLjeqTz&*gJuBdBcz0)apv5C{YUfj}UB!XGfS+=71m6t7JU_fZVZM`^?~2Z7^$Ks!eI_n1h>V`5B4>y7R)y~SCDg!UT-"
    "%VV-6&5Qu^c0_JN_??gLmG`>ydC@#|#Bd?(&gW)U<rVxZdesA!lAkO1<sZ89>3H+6vF?1K&-"
    "fg^Gj($Q_P1nl{x5w?tky~10dW?CS^"),
    "p.jpg": (
    "c-"
    "s4a<NpH&0WUXCHwH#V1_nkTWcYuZ!I?pTn}?5wOMs7;Pe@QeSVBWeLQG7;P+3)0!^+s!#?sir+`%Kp&%q_!)!ZT=H!wUtDLo_I&b"
    "P3#Af+NEH9h(N0S0ak1|Vc)6lC~+gh3u?I4dI<FhBt#6Eh1d8#@Ol7dKGBRsjYkMrLLv7G_pf78amvEl{3;MUYiU(a@1iI53f2sZ"
    "hkIapFP_Wv7h?MT0JWP%%y_YU1P)6PJ*bQdLve(9|+9H8Z!cv~qTFb#wRd^a>6M4GWKmj7m;PO-"
    "s+n%qlJ^Ei136tZHs)ZENr7?3y%r%G7DoXUv?nXz`Mz%a*TLxoXqqEnBy3-"
    "?4Mop~FXx9y@;G<f%)SuUx%${l?8(4<9{#^7PsB7cXCZ{Pg+D*Kgl{{QUL*7RY}L4E79<ubscO|Nl(@gm-i~"),
}


class Sample:
    """Files that belong together, and the expression that reads them: {path} is the file, or the folder where several."""

    def __init__(self, kind, files, reader):
        self.kind, self.files, self.reader = kind, files, reader

    def put(self, folder, damaged=None, content=b""):
        """Writes the files, one of them with another content; gives the expression."""
        place = os.path.join(folder, self.kind)
        for name, good in self.files.items():
            path = os.path.join(place, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content if name == damaged else good)
        return self.reader.replace("{path}", os.path.join(place, next(iter(self.files)))).replace("{folder}", place)


def packed(name):
    return zlib.decompress(base64.b85decode(PACKED[name]))


def png():
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + bytes(range(row, row + 24)) for row in range(8))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


def idx(count, sides=(2, 2)):
    size = sides[0] * sides[1]
    return b"\0\0\x08\x03" + struct.pack(">III", count, *sides) + bytes(range(count * size))


def raw(form, size, words):
    head = f"% date 2024-01-01 00:00:00\n% format {form};height=480;width=640\n% end\n".encode()
    return head + b"".join(struct.pack("<" + size, word) for word in words)


def events():
    """A recording in each format that is made by hand."""
    hexadecimal = bytes.fromhex
    aedat3 = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 0: DVS128\r\n#!END-HEADER\r\n" + hexadecimal(
        "0100 0000 08000000 04000000 00000000 02000000 02000000 02000000  1f000a00 64000000  0100fe00 c8000000"
        "0000 0000 08000000 04000000 00000000 01000000 01000000 01000000  01000000 fa000000"
        "0100 0000 08000000 04000000 01000000 01000000 01000000 01000000  0b000200 03000000")
    return {
        "n.bin": hexadecimal("0021800000 2100011170 0c058493e0"),
        "a2.aedat": b"#!AER-DAT2.0\r\n# AEChip: DVS128\r\n" + hexadecimal("0000070b00000064 0000fe00000000c8"),
        "a3.aedat": aedat3,
        "e2.raw": raw("EVT2", "I", [0x80000001, 0x19002807, 0x0953f9df, 0x80000003, 0x12000001, 0xa2000000]),
        "e21.raw": raw("EVT21", "Q", [0x8000000100000000, 0x1901000780000005, 0x0942000800000001]),
        "e3.raw": raw("EVT3", "H", [0x8000, 0x6064, 0x0007, 0x2805, 0x3810, 0x4003, 0x5001, 0x8001, 0x6001, 0x0008, 0x2001]),
        "d.dat": b"% Data file containing CD events\n% Version 2\n% Height 480\n% Width 640\n\x0c\x08" + hexadecimal(
            "6400000005c00110 650000007fc27700 c800000000400010"),
        **{name: packed(name) for name in ["dsec.h5", "mvsec.hdf5", "prophesee.hdf5", "ecf.hdf5"]},
    }


def written(program, folder):
    """What the program itself writes, by name."""
    code = f"""
      use events
      use sound
      let e = events.from([0, 500, 600, 900, 1000], [2, 3, 7, 3, 2], [2, 2, 7, 3, 2], [1, 0, 1, 1, 1], width=8, height=8)
      events.save(e, "{folder}/w.aedat4")
      events.save(e, "{folder}/plain.aedat4", packed=false)
      events.save(e, "{folder}/w.raw")
      let tone = tensor([0.5 * sin(0.3 * i) for i in 0..64])
      for ending in {SOUNDS} {{ sound.save(tone, "{folder}/w.{{ending}}", 8000) }}
      sound.save(tone, "{folder}/spoken.wav", 16000)
      data.save_csv({{a: [1, 2], b: ["x", "y"]}}, "{folder}/w.csv")
      data.save_npy(random([4, 3]), "{folder}/w.npy")
      data.save_npz({{a: random([4, 3]), b: ones([2])}}, "{folder}/w.npz")
      let net = input(3) |> dense(4) |> lif()
      save(net, "{folder}/w.snnet")
      for tool in ["snntorch", "norse", "spyx"] {{ save(net, "{folder}/{{tool}}.nir", target=tool, dt=1ms) }}
    """.replace("'", '"')
    done = subprocess.run([program, "-e", code], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"what is to be damaged cannot be written:\n{done.stderr}")
    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            found[name] = file.read()
    return found


def samples(program, folder):
    """All of them; the program writes some into a folder, which is empty."""
    own = written(program, folder)
    one = lambda name, reader, content=None: Sample(name, {name: own[name] if content is None else content}, reader)
    found = [
        one("w.csv", 'print(data.csv("{path}"))'), one("w.csv", 'data.csv("{path}", label="b")'), one("w.npy", 'data.npy("{path}")'),
        one("w.npy", 'let d = data.open("{path}", [0, 1, 0, 1]); print(d, d[1], data.cache(d))'), one("w.snnet", 'print(load("{path}"))'),
        one("g.idx", 'data.idx("{path}")', idx(2)), one("g.idx.gz", 'data.idx("{path}")', idx(2)),
        one("g.txt", 'print(read_lines("{path}"), read_text("{path}"))', b"a\nb\xc3\xa9\n"),
        one("g.json", 'use json; print(json.parse(read_text("{path}")))', b'{"a": [1, -2.5e3, "\\u00e9\\n", null, true], "b": {"c": []}}'),
        one("w.npz", 'print(data.npz("{path}"))'), one("p.png", 'data.image("{path}")', png()), one("p.jpg", 'data.image("{path}")', packed("p.jpg")),
    ]
    with open(os.path.join(ROOT, "stdlib", "chips", "loihi2.yaml"), "rb") as file:
        found.append(one("chip.yaml", 'chips.read("{path}")', file.read()))
    recordings = {**events(), **{name: own[name] for name in own if name.endswith((".aedat4", ".raw"))}}
    for name, content in recordings.items():
        for more in ["", ", partial=true", ", from_zero=true"]:
            found.append(one(name, f'use events; let e = events.load("{{path}}"{more}); print(e, e.notes, events.counts(e))', content))
    for name in own:
        if name.split(".")[1] in SOUNDS:
            found.append(one(name, 'use sound; print(sound.info("{path}")); print(sound.load("{path}"), sound.load("{path}", partial=true))'))
        if name.endswith(".nir"):
            found.append(one(name, f'print(load("{{path}}", source="{name[:-4]}"))'))
    return found + folders(own)


def folders(own):
    """Sets that are published as folders."""
    text = lambda *lines: "\n".join(lines).encode() + b"\n"
    signals = [f"{kind}_{axis}" for kind in ["body_acc", "body_gyro", "total_acc"] for axis in "xyz"]
    har = {}
    for part in ["train", "test"]:
        har[f"{part}/y_{part}.txt"] = text("1", "2")
        har[f"{part}/subject_{part}.txt"] = text("1", "3")
        for signal in signals:
            har[f"{part}/Inertial Signals/{signal}_{part}.txt"] = text(*["  ".join(["2.57e-001"] * 128)] * 2)
    series = "# a comment\n@problemName Walk\n@timeStamps false\n@univariate false\n@dimensions 2\n@equalLength false\n@classLabel true Up Down\n@data\n1,-2.5,3:0,1,?:Down\n4,5:NaN,1e-3:Up\n"
    wisdm = "".join(f"33,Jogging,{50_000_000 * step},-0.69,12.68,0.50;\n" for step in range(1, 9))
    pixel = bytes(range(256)) * 12
    cifar10 = {f"data_batch_{batch}.bin": bytes([batch]) + pixel for batch in range(1, 6)}
    spikes, recording = packed("shd_train.h5"), events()
    mnist = lambda labels: b"\0\0\x08\x01" + struct.pack(">I", len(labels)) + bytes(labels)
    digits = {f"{part}/{digit}/00001.bin": recording["n.bin"] for part in ["Train", "Test"] for digit in "0123456789"}
    return [
        Sample("har", har, 'print(data.uci_har("{folder}", groups=true))'),
        Sample("walk.ts", {"walk.ts": series.encode()}, 'print(data.ts("{path}"))'),
        Sample("wisdm", {"WISDM_ar_v1.1_raw.txt": wisdm.encode()}, 'print(data.wisdm("{folder}", steps=2), data.wisdm("{path}", steps=3, hop=1, groups=true))'),
        Sample("cifar10", {**cifar10, "test_batch.bin": b"\3" + pixel, "batches.meta.txt": text(*"abcdefghij")}, 'print(data.cifar10("{folder}"))'),
        Sample("cifar100", {"train.bin": b"\3\7" + pixel, "test.bin": b"\2\1" + pixel}, 'print(data.cifar100("{folder}"))'),
        Sample("pictures", {"cat/1.png": png(), "dog/1.png": png(), "dog/2.jpg": packed("p.jpg")}, 'print(data.images("{folder}"), data.images("{folder}", channels=1))'),
        Sample("mnist", {"train-images-idx3-ubyte": idx(2), "train-labels-idx1-ubyte": mnist([1, 2]), "t10k-images-idx3-ubyte.gz": gzip.compress(idx(1)),
                         "t10k-labels-idx1-ubyte": mnist([0])}, 'print(data.mnist("{folder}"))'),
        Sample("nmnist", digits, 'use events; let (a, b) = data.nmnist("{folder}"); print(a, b, a[0], b[1], events.dataset(a, frames=2, step=1ms))'),
        Sample("gesture", {
            "user01_x.aedat": recording["a3.aedat"], "user01_x_labels.csv": text("class,startTime_usec,endTime_usec", "1,0,150", "11,150,3000000000"),
            "trials_to_train.txt": text("user01_x.aedat"), "trials_to_test.txt": text("user01_x.aedat"),
        }, 'let (a, b) = data.dvs_gesture("{folder}"); print(a, b, a[0], b[1])'),
        Sample("shd", {"shd_train.h5": spikes, "shd_test.h5": spikes}, 'let (a, b) = data.shd("{folder}"); print(a, b, a[0], b[1])'),
        Sample("sounds", {"yes/1.wav": own["w.wav"], "no/2.wav": own["w.wav"]}, 'print(data.sounds("{folder}"))'),
        Sample("commands", {
            "yes/a_nohash_0.wav": own["spoken.wav"], "yes/b_nohash_0.wav": own["spoken.wav"], "yes/c_nohash_0.wav": own["spoken.wav"],
            "validation_list.txt": text("yes/b_nohash_0.wav"), "testing_list.txt": text("yes/c_nohash_0.wav"),
        }, 'print(data.speech_commands("{folder}", words=["yes"], samples=64))'),
    ]
