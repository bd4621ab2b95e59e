import Builtins
import Machine
import Testing

/// What someone who comes from another language reaches for in the first hour is found by the words that they know, and has an
/// example that is run.
@Suite struct AproposTests {
  static let wanted: [(question: String, name: String)] = [
    ("mask", "slices"), ("comprehension", "comprehensions"), ("by", "ranges"), ("destructuring", "match"), ("regex", "regular_expressions"),
    ("regular expression", "matches"), ("bitwise", "bit_and"), ("bit count", "bit_count"), ("pi", "pi"), ("json", "json.parse"), ("json text", "json.text"),
    ("date", "dates.of"), ("now", "dates.now"), ("duration", "units"), ("list files", "list_files"), ("make folder", "make_folder"), ("subprocess", "run"),
    ("environment variable", "env"), ("standard error", "print_error"), ("append file", "append_text"), ("bytes", "read_bytes"),
    ("solve", "linalg.solve"), ("inverse", "linalg.inverse"), ("determinant", "linalg.determinant"), ("svd", "linalg.svd"), ("qr", "linalg.qr"),
    ("eigenvalues", "linalg.eigenvalues"), ("least squares", "linalg.least_squares"), ("cholesky", "linalg.cholesky"), ("fourier", "fft.fft"),
    ("window", "signal.window"), ("lowpass filter", "signal.butterworth"), ("convolution", "signal.convolve"), ("spectrogram", "signal.spectrogram"),
    ("median", "median"), ("quantile", "quantile"), ("covariance", "stats.covariance"), ("correlation", "stats.correlation"), ("t test", "stats.t_test"),
    ("bootstrap", "stats.bootstrap"), ("spike times", "spike_times"), ("interspike intervals", "intervals"), ("coefficient of variation", "cv"),
    ("fano", "spikes.fano"), ("psth", "spikes.psth"), ("correlogram", "spikes.correlogram"), ("van rossum", "spikes.van_rossum"),
    ("victor purpura", "spikes.victor_purpura"), ("synchrony", "spikes.synchrony"), ("tile", "tile"), ("repeat", "repeat"), ("roll", "roll"),
    ("nonzero", "nonzero"), ("topk", "topk"), ("bincount", "bincount"), ("digitize", "digitize"), ("interp", "interp"), ("meshgrid", "meshgrid"),
    ("diff", "diff"), ("cumprod", "cumprod"), ("einsum", "einsum"), ("outer", "outer"), ("kron", "kron"), ("strided slice", "slices"),
    ("gamma distribution", "random.gamma"), ("poisson distribution", "random.poisson"), ("choice", "choice"), ("record", "maps"), ("max axis", "max"),
    ("log metric", "log_metric"), ("experiments", "runs"), ("load runs", "runs.load"), ("tensorboard", "runs.tensorboard"), ("runs differ", "runs.difference"),
    ("audio", "sound.load"), ("wav", "sound.save"), ("mfcc", "sound.mfcc"), ("mel", "sound.mel"), ("short time fourier", "sound.stft"), ("cochlea", "sound.cochlea"),
    ("send on delta", "sound.delta_spikes"), ("speech", "data.speech_commands"), ("voice", "data.sounds"), ("npz", "data.npz"), ("time series", "data.ts"),
    ("accelerometer", "data.wisdm"), ("cifar", "data.cifar10"), ("jpeg", "data.image"), ("png", "data.images"),
    ("axonal delay", "delay"), ("synaptic delay", "delayed_dense"), ("dcls", "delayed_dense"), ("round delays", "round_delays"),
    ("anneal width", "narrow_delays"), ("population vector", "spikes.population_vector"),
    ("neurobench", "neurobench"), ("footprint", "neurobench"), ("membrane updates", "neurobench"),
    ("event camera", "events.load"), ("aedat", "events.load"), ("dvs", "data.dvs_gesture"), ("hot pixel", "events.hot_pixels"),
    ("background activity", "events.denoise"), ("refractory filter", "events.refractory"), ("time surface", "events.time_surface"),
    ("voxel grid", "events.voxel_grid"), ("spoken digits", "data.shd"), ("memmap", "events.open"), ("animation", "events.animate"),
    ("specaugment", "random_mask"), ("event windows", "events.windows"),
    ("fixed point", "deploy"), ("quantization", "deploy"), ("loihi integers", "deploy"), ("c code", "save"), ("microcontroller", "save"), ("sanafe", "save"),
  ]

  @Test(arguments: wanted)
  func isFoundAndHasAnExample(_ question: String, _ name: String) {
    let library = standardLibrary()
    let found = library.search(question).prefix(12).map(\.name)
    #expect(found.contains(name), "apropos \(question) gives \(found)")
    #expect(hasExample(name, library), "\(name) has no example that is run")
  }

  /// The examples of builtins and topics are run by `ExamplesTests` and `ReferenceTests`, the tests of the stdlib's modules by
  /// `StdlibTests`.
  private func hasExample(_ name: String, _ library: Library) -> Bool {
    if let builtin = library.builtins[name] { return !builtin.example.isEmpty }
    if let topic = referenceTopic(name) { return !topic.example.isEmpty }
    let parts = name.split(separator: ".")
    guard let function = parts.last, let source = library.sources[parts.count == 2 ? String(parts[0]) : "prelude"] else { return false }
    let tests = source.split(separator: "\ntest ").dropFirst()
    return tests.contains { $0.contains("\(function)(") }
  }
}
