// Times the kernels on request: `scripts/bench` writes one request a line and reads the seconds of each repeat, so that
// ours and a peer's take turns without a start between them.
//
//     threads N                                    how many threads take part from now on
//     gemm M N K TRANSA TRANSB REPEATS             c = a b; TRANSA and TRANSB are 0 or 1
//     spikes ROWS FEATURES COLUMNS DENSITY REPEATS spikes times weights
//     weightgrad ROWS FEATURES COLUMNS DENSITY REPEATS
//     reach ROWS NEURONS OUTPUTS SHARE REPEATS     a dense layer's input gradient where that share of neurons lets it in
//     conv CHANNELS HEIGHT WIDTH OUTPUTS KERNEL STRIDE PADDING ROWS DENSITY KIND REPEATS
//                                                  KIND 0 forward, 1 gradient of the input, 2 of the weights; numbers
//                                                  where DENSITY is 1, else spikes
//     lif STEPS NEURONS REPEATS                    forward; one step alone carries its potentials
//     lifback STEPS NEURONS REPEATS                the surrogate backward of the same
//     triad FLOATS REPEATS                         a = b + 3 c, as in STREAM
//
// The answer is a line of seconds, or `error` and what was wrong.

import Glibc

/// Written at once: whoever asked waits for it.
func reply(_ text: String) {
  var bytes = Array((text + "\n").utf8)
  while !bytes.isEmpty {
    let count = write(STDOUT_FILENO, bytes, bytes.count)
    if count <= 0 { exit(1) }
    bytes.removeFirst(count)
  }
}

reply("ready")
while let line = readLine() {
  let words = line.split(separator: " ")
  guard let name = words.first else { continue }
  let numbers = words.dropFirst().compactMap { Double($0) }
  if let seconds = answer(String(name), numbers) {
    reply(seconds.map { "\($0)" }.joined(separator: " "))
  } else {
    reply("error not understood: \(line)")
  }
}
