// swift-tools-version:6.0
import PackageDescription

// The rooms of the house, from the ground up. A room imports only rooms above it in this list; the kernels, which all
// others may import, stand at its end.

/// Loops over raw memory: bounds are proven by the callers in `Tensors` and `Spiking`.
/// They are optimised in debug builds too, where vector code would run a thousand times slower.
///
/// The same sources are built for each level of the CPU, and `Kernels` picks one at run time.
func kernelSettings(_ level: String? = nil, define: String? = nil, _ more: [String] = []) -> [SwiftSetting] {
  var march: [String] = []
  if let level { march = ["-Xcc", "-march=\(level)"] + more.flatMap { ["-Xcc", $0] } }
  let whole = ["-Ounchecked", "-disable-batch-mode", "-whole-module-optimization", "-num-threads", "1"]
  return [
    .unsafeFlags(["-Ounchecked"] + march, .when(configuration: .release)),
    .unsafeFlags(whole + march, .when(configuration: .debug)),
  ] + (define.map { [.define($0)] } ?? [])
}
#if arch(x86_64)
  let kernelLevels: [(name: String, settings: [SwiftSetting])] = [
    ("Baseline", kernelSettings("x86-64-v2")),
    ("AVX2", kernelSettings("x86-64-v3", define: "KERNELS_AVX2")),
    ("AVX512", kernelSettings("x86-64-v4", define: "KERNELS_AVX512", ["-mprefer-vector-width=512"])),
  ]
#else
  let kernelLevels: [(name: String, settings: [SwiftSetting])] = [("Baseline", kernelSettings())]
#endif
/// The interpreter's loop reads class fields at each step; exclusivity checks there cost three quarters of it.
let machineSettings: [SwiftSetting] = [
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
]
/// The prompt answers at once: Swift's libraries, libstdc++ (`scripts/snn` lays its archive into the folder) and libgcc are linked
/// in instead of being loaded and bound at each start, relocations are packed, and no symbol is offered to libraries loaded
/// later. Only the link differs, so that tests and program are one build.
let programLinking: [LinkerSetting] = [
  .unsafeFlags(
    ["-static-stdlib", "-l_FoundationCollections", "-l_FoundationCShims", "-use-ld=lld", "-L\(Context.packageDirectory)/.build/static", "-Xclang-linker", "-static-libgcc"]
      + ["-z", "pack-relative-relocs", "--no-export-dynamic"].flatMap { ["-Xlinker", $0] },
    .when(platforms: [.linux], configuration: .release))
]

let package = Package(
  name: "neuedge",
  products: [.executable(name: "snn", targets: ["snn"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
  ],
  targets: [
    .target(name: "CRun"),
    .target(name: "Faults", dependencies: ["CRun"]),
    .target(name: "Texts"),
    .target(name: "Libraries", dependencies: ["Faults", "CYAML"]),
    .target(name: "CEmbedded", exclude: ["data"], cSettings: [.unsafeFlags(["-std=c23"])]),
    .target(name: "CEditline"),
    .systemLibrary(name: "CMarkdown", providers: [.apt(["libmd4c-dev"])]),
    .systemLibrary(name: "CYAML", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CMemory"),
    .target(name: "Tensors", dependencies: ["Kernels", "Faults", "CMemory"]),
    .target(name: "Spiking", dependencies: ["Tensors", "Kernels", "Faults"]),
    .target(name: "Events", dependencies: ["Tensors", "Faults"]),
    .target(name: "Formats", dependencies: ["Libraries", "Events", "Tensors", "Texts", "Faults", "CZlib", "CEmbedded"]),
    .target(name: "Plots", dependencies: ["Tensors", "Texts", "Faults"]),
    .target(name: "Language", dependencies: ["Texts", "Faults"]),
    .target(name: "Chips", dependencies: ["Spiking", "Tensors", "Libraries", "Faults"]),
    .target(name: "Exchange", dependencies: ["Spiking", "Formats", "Tensors", "Kernels", "Faults"]),
    .target(name: "Machine", dependencies: ["Language", "Tensors", "Texts", "Faults"], swiftSettings: machineSettings),
    .target(
      name: "Builtins",
      dependencies: [
        "Machine", "Language", "Chips", "Exchange", "Spiking", "Events", "Formats", "Plots", "Libraries", "Tensors", "Kernels", "Texts",
        "Faults", "CEmbedded",
      ]),
    .target(name: "Sessions",
      dependencies: ["Builtins", "Machine", "Language", "Formats", "Libraries", "Tensors", "Kernels", "Texts", "Faults", "CEditline", "CMarkdown"]),
    .executableTarget(
      name: "snn",
      dependencies: [
        "Sessions", "Machine", "Formats", "Texts",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      linkerSettings: programLinking),
    // Answers `scripts/bench`: no part of what is shipped.
    .executableTarget(
      name: "kernel-bench", dependencies: ["Tensors", "Kernels"], path: "scripts/benchmarks/kernels"),
    // Runs inside libFuzzer, by `scripts/fuzz-coverage`.
    .executableTarget(name: "coverage-fuzz", dependencies: ["Builtins", "Machine", "Language"], path: "scripts/fuzzing"),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels"]),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "Kernels", "Faults"]),
    .testTarget(name: "SpikingTests", dependencies: ["Spiking", "Tensors", "Kernels", "Faults"]),
    .testTarget(name: "EventsTests", dependencies: ["Events", "Tensors", "Faults"]),
    .testTarget(name: "ChipsTests", dependencies: ["Chips", "Spiking", "Formats", "Tensors", "Kernels", "Faults", "CZlib"]),
    .testTarget(name: "FormatsTests", dependencies: ["Formats", "Events", "Libraries", "Texts", "Faults", "CZlib"]),
    .testTarget(name: "ExchangeTests", dependencies: ["Exchange", "Formats", "Spiking", "Tensors", "Faults", "CZlib"]),
    .target(name: "TestSupport", path: "Tests/TestSupport"),
    .testTarget(name: "PlotsTests", dependencies: ["Plots", "Texts", "TestSupport"]),
    .testTarget(name: "LanguageTests", dependencies: ["Language", "Faults"]),
    .testTarget(
      name: "ProgramsTests", dependencies: ["Builtins", "Machine", "Language", "Formats", "Spiking", "Tensors", "Kernels", "Faults"]),
    .executableTarget(name: "ReplFixture", dependencies: ["Sessions", "Faults"], path: "Tests/ReplFixture"),
    .testTarget(name: "SessionsTests", dependencies: ["Sessions", "Builtins", "Machine", "Formats", "Libraries", "ReplFixture", "Texts", "Faults", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)

// `scripts/test` tests an optimised build: its tests see into all modules, but for those of the kernels' levels, whose code for
// newer CPUs no other module may come to share.
if Context.environment["SNN_TESTED"] != nil {
  for target in package.targets where target.type == .regular || target.type == .executable {
    target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-enable-testing"], .when(configuration: .release))]
  }
}

// The room of kernels: what they take, a build of them for each level of the CPU, and the choice among those.
package.targets += [
  .target(name: "CPU"),
  .target(name: "CVector"),
  .target(name: "KernelTypes", dependencies: ["CPU", "CRun"], swiftSettings: kernelSettings()),
]
package.targets += kernelLevels.map { level in
  .target(
    name: "Kernels\(level.name)", dependencies: ["KernelTypes", "CVector"],
    path: "Sources/KernelLevels/\(level.name)", swiftSettings: level.settings)
}
package.targets.append(
  .target(
    name: "Kernels",
    dependencies: [.target(name: "KernelTypes"), .target(name: "CPU")]
      + kernelLevels.map { .target(name: "Kernels\($0.name)") },
    swiftSettings: kernelSettings()
      + (Context.environment["SNN_TESTED"] == nil ? [] : [.unsafeFlags(["-enable-testing"], .when(configuration: .release))])))
