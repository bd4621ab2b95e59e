// A network as one C99 file: no library but the standard headers, no memory from a heap, and work for what fires alone.

import Faults
import Spiking
import Tensors

/// Writes networks as C.
///
/// The file has a form in 32-bit floats, whose spikes are those of the network to the bit wherever weights meet spikes
/// alone (sums are taken in the order of the inputs, as here), and, where the network can be deployed so, a form in whole
/// numbers whose spikes are those of `deploy` on a chip of `multiplied_decay`.
public struct CProgram {
  /// The name of everything in the file: `digits_step`.
  public let name: String
  public let text: String
  /// Why there is no form in whole numbers; nil where there is one.
  public let withoutWholeNumbers: String?

  /// - Parameters:
  ///   - file: the file's name, which gives `name`.
  ///   - chip: whose whole numbers the second form has.
  ///   - deployment: the same network in whole numbers, where it is there already.
  ///   - adaptation: how thresholds follow activity (Eq. 11); nil for fixed ones.
  /// - Throws: `.value` for layers or neurons that can't be written, `.limit` for a file that would be too large.
  public init(
    _ given: Network, file: String, chip: Chip, deployment: Deployment? = nil, adaptation wanted: Adaptation? = nil
  ) throws(Fault) {
    let network = try given.folded().plain()
    let takesSpikes = !(network.encoder is DirectEncoder)
    let adaptation = try wanted?.settled(forSpikes: takesSpikes)
    let stages = try CStage.all(of: network, fromSpikes: takesSpikes)
    guard network.parameterCount <= 1 << 22 else {
      throw Fault(
        .limit, "the network is too large to be written as C",
        label: "it has \(network.parameterCount) parameters, and \(1 << 22) are the most",
        help: "prune it, or take a smaller one")
    }
    var writer = CWriter(
      name: CText.identifier(file), stages: stages, takesSpikes: takesSpikes, adaptation: adaptation,
      networkText: ([("input(" + network.inputShape.map(String.init).joined(separator: ", ") + ")")] + network.layers.map(\.callText))
        .joined(separator: " |> "))
    var reason: String?
    if adaptation != nil {
      reason = "thresholds that move are kept as floating-point numbers"
    } else if !takesSpikes {
      reason = "the input is numbers"
    } else {
      do throws(Fault) {
        if let deployment {
          reason = try writer.addWholeNumbers(deployment)
        } else {
          reason = try writer.addWholeNumbers(try Deployment(network, on: chip))
        }
      } catch {
        if error.kind == .interrupt { throw error }
        reason = error.title + (error.label.map { " (\($0))" } ?? "")
      }
    }
    withoutWholeNumbers = reason
    name = writer.name
    text = writer.text(withoutWholeNumbers: reason)
  }
}

/// One C file on its way.
private struct CWriter {
  let name: String
  let stages: [CStage]
  let takesSpikes: Bool
  let adaptation: Adaptation?
  let networkText: String
  var wholes: [WholeGroup]?

  /// What lies between two populations, and the population, in whole numbers.
  struct WholeGroup {
    /// Of each stage with weights (in the order of stages), mantissas and the bits by which they are moved.
    var weights: [(stage: Int, mantissas: [Int8], shift: Int)] = []
    var bias: [Int64]
    var keep: Int64
    var threshold: Int64
    var drop: Int64
    var reset: FixedPointReset
    var fires: Bool
    var scale: Double
    /// The stage of its neurons; nil for sums that leave the network.
    var neurons: Int?
    var bits: (sum: Int, current: Int, potential: Int)
  }

  // MARK: Whole numbers

  /// Takes in what a deployment has rounded. Answers with why it can't, or nil.
  mutating func addWholeNumbers(_ deployment: Deployment) throws(Fault) -> String? {
    guard let arithmetic = deployment.chip.arithmetic, arithmetic.cell == .multipliedDecay else {
      return "\(deployment.chip.name) does not count by multiplied_decay"
    }
    var groups: [WholeGroup] = []
    var pending: [Int] = []
    for index in stages.indices {
      pending.append(index)
      let isLast = index == stages.count - 1
      let isNeurons: Bool
      switch stages[index].kind {
      case .lif, .recurrent, .li: isNeurons = true
      case .dense, .conv, .pool: isNeurons = false
      }
      guard isNeurons || isLast else { continue }
      guard groups.count < deployment.layers.count else { return "its layers cannot be told apart" }
      let report = deployment.layers[groups.count]
      guard let cell = deployment.program.populations[groups.count].cell as? MultipliedDecayCell, let first = cell.parameters.first
      else { return "its neurons are of another kind" }
      var group = WholeGroup(
        bias: cell.parameters.map(\.bias), keep: first.keep, threshold: first.threshold, drop: first.drop,
        reset: cell.rules.reset, fires: first.fires, scale: report.scale, neurons: isNeurons ? index : nil,
        bits: (
          arithmetic.bits(.sumBits, default: 24), arithmetic.bits(.currentBits, default: 24),
          arithmetic.bits(.potentialBits, default: 24)
        ))
      var rules = report.weightRules[...]
      var scale = 1.0
      var hasWeights = false
      for stage in pending {
        func mantissas(_ weights: [Float], _ factor: Double) -> (stage: Int, mantissas: [Int8], shift: Int)? {
          guard let rule = rules.popFirst() else { return nil }
          let whole = weights.map { Int8(truncatingIfNeeded: rule.whole(Float(Double($0) * factor)) >> Int32(rule.shift)) }
          return (stage, whole, rule.shift)
        }
        switch stages[stage].kind {
        case .dense(let weight, _), .conv(let weight, _, _):
          if hasWeights { return "two layers of weights follow each other before \(report.name)" }
          hasWeights = true
          guard let own = mantissas(weight.scalars, scale) else { return "its weights cannot be told apart" }
          group.weights.append(own)
        case .pool(_, let window, let own):
          guard !hasWeights, window.stride.y >= window.kernel.y, window.stride.x >= window.kernel.x else {
            return "a pool stands between weights and \(report.name), or its windows overlap"
          }
          scale *= Double(own)
        case .lif, .li:
          if !hasWeights { return "no weights stand before \(report.name)" }
        case .recurrent(_, let weight):
          guard hasWeights, let own = mantissas(weight.scalars, 1) else { return "no weights stand before \(report.name)" }
          group.weights.append(own)
        }
      }
      guard hasWeights else { return "no weights stand before \(report.name)" }
      groups.append(group)
      pending = []
    }
    wholes = groups
    return nil
  }

  // MARK: The file

  private var upper: String { name.uppercased() }
  private var largest: Int { stages.reduce(stages.first?.inputs ?? 1) { max($0, $1.inputs, $1.outputs) } }
  private var index: String { largest < 65_536 ? "uint16_t" : "uint32_t" }
  private var inputs: Int { stages.first?.inputs ?? 0 }
  private var outputs: Int { stages.last?.outputs ?? 0 }
  private var givesSpikes: Bool { stages.last?.givesSpikes ?? false }

  func text(withoutWholeNumbers reason: String?) -> String {
    var out = head(reason)
    out += "\n#if \(upper)_FIXED\n" + (wholes == nil ? "#error \"this file has no form in whole numbers\"\n" : fixedData()) + "#else\n" + floatData()
      + "#endif\n\n"
    out += memory() + helpers() + interface() + program()
    return out
  }

  private func head(_ reason: String?) -> String {
    func comment(_ text: String) -> String { text.replacing("*/", with: "* /") }
    let output = givesSpikes ? "1 for each neuron of the last layer that fires, else 0" : "the potentials of the last layer"
    let fixed =
      wholes != nil
      ? "   Compiled with -D\(upper)_FIXED=1 it counts in whole numbers: 8-bit weights and 24-bit potentials, as deploy() does."
      : "   There is no form in whole numbers: \(comment(reason ?? ""))."
    let numbers = takesSpikes ? "1 for each input that fires, else 0" : "a number for each input"
    return """
      /* A spiking network as C99, written by snn:

           \(comment(networkText))

         void \(name)_reset(void)   brings it to rest: call it before each sample.
         void \(name)_step(const \(name)_input *in, \(name)_output *out)   takes one step of time.
           in: \(numbers), \(upper)_INPUTS of them; out: \(output), \(upper)_OUTPUTS of them.

         All memory is static, and a step adds the weights of what fires alone.
      \(fixed)
         With -D\(upper)_MAIN it is a program: it reads steps from its input, as many bytes as \(name)_step takes, and writes
         what comes out; its argument is the number of steps of a sample. */

      #include <stdint.h>
      #include <string.h>

      /* Sums must be those of single operations: products and sums are not to be joined. */
      #if defined(__clang__)
      #pragma STDC FP_CONTRACT OFF
      #elif defined(__GNUC__)
      #pragma GCC optimize("fp-contract=off")
      #endif

      #ifndef \(upper)_FIXED
      #define \(upper)_FIXED 0
      #endif

      #define \(upper)_INPUTS \(inputs)
      #define \(upper)_OUTPUTS \(outputs)

      typedef \(takesSpikes ? "uint8_t" : "float") \(name)_input;
      typedef \(index) \(name)_index;
      #if \(upper)_FIXED
      typedef int8_t \(name)_weight;
      typedef int32_t \(name)_number;
      typedef \(givesSpikes ? "uint8_t" : "int32_t") \(name)_output;
      #else
      typedef float \(name)_weight;
      typedef float \(name)_number;
      typedef \(givesSpikes ? "uint8_t" : "float") \(name)_output;
      #endif

      void \(name)_reset(void);
      void \(name)_step(const \(name)_input *in, \(name)_output *out);

      """
  }

  /// The weights of a stage as helpers read them: `[inputs, outputs]`, and of a convolution `[channel, row, column, output]`.
  private func ordered<Element>(_ values: [Element], _ kind: CStage.Kind) -> [Element] {
    guard case .conv(_, _, let window) = kind else { return values }
    let (outputs, taps) = (window.output[0], window.input[0] * window.kernel.y * window.kernel.x)
    return (0..<taps).flatMap { tap in (0..<outputs).map { values[$0 * taps + tap] } }
  }

  private func floatData() -> String {
    var out = ""
    for (number, stage) in stages.enumerated() {
      func array(_ title: String, _ values: [Float]) {
        out += "static const float \(name)_\(title)\(number)[\(values.count)] = \(CText.list(values.map { CText.number($0) }));\n"
      }
      switch stage.kind {
      case .dense(let weight, let bias), .conv(let weight, let bias, _):
        array("w", ordered(weight.scalars, stage.kind))
        if let bias { array("b", bias) }
      case .recurrent(_, let weight): array("w", weight.scalars)
      case .pool, .lif, .li: break
      }
    }
    return out
  }

  private func fixedData() -> String {
    var out = ""
    for (number, group) in (wholes ?? []).enumerated() {
      for weights in group.weights {
        let values = ordered(weights.mantissas, stages[weights.stage].kind)
        out += "static const int8_t \(name)_w\(weights.stage)[\(values.count)] = \(CText.list(values.map { "\($0)" }));\n"
      }
      out += "static const int32_t \(name)_bias\(number)[\(group.bias.count)] = \(CText.list(group.bias.map { "\($0)" }));\n"
      if !group.fires {
        out += "/* Potentials are so many for one of the network's. */\n#define \(upper)_SCALE \(CText.number(group.scale))\n"
      }
    }
    return out
  }

  /// The number of the group whose neurons, or last weights, a stage is.
  private func group(of stage: Int) -> Int? {
    wholes?.firstIndex { $0.neurons == stage || ($0.neurons == nil && $0.weights.last?.stage == stage) }
  }

  private func memory() -> String {
    var out = "/* What flows from layer to layer: numbers, and lists of what fires. */\n"
    out += "static \(name)_number \(name)_numbers[2][\(largest)];\n"
    out += "static \(name)_index \(name)_active[2][\(largest)];\n"
    out += "static \(name)_index \(name)_count[2];\n\n"
    out += "/* The state: potentials, and the spikes that come back. */\n"
    for (number, stage) in stages.enumerated() {
      switch stage.kind {
      case .lif, .li: out += "static \(name)_number \(name)_v\(number)[\(stage.outputs)];\n"
      case .recurrent:
        out += "static \(name)_number \(name)_v\(number)[\(stage.outputs)];\n"
        out += "static \(name)_number \(name)_back\(number)[\(stage.outputs)];\n"
        out += "static \(name)_index \(name)_before\(number)[\(stage.outputs)];\n"
        out += "static \(name)_index \(name)_beforeCount\(number);\n"
      case .dense, .conv, .pool: break
      }
    }
    if let last = wholes?.last, last.neurons == nil {
      out += "#if \(upper)_FIXED\nstatic int32_t \(name)_vOut[\(outputs)];\n#endif\n"
    }
    return out + adaptationMemory() + "\n"
  }

  // MARK: Functions that stages share

  private func helpers() -> String {
    var out = ""
    var written: Set<String> = []
    func once(_ key: String, _ text: String) {
      if written.insert(key).inserted { out += text.replacing("NAME", with: name) + "\n" }
    }
    for stage in stages {
      switch stage.kind {
      case .dense:
        once(stage.takesSpikes ? "denseSpikes" : "denseNumbers", stage.takesSpikes ? CHelpers.denseSpikes : CHelpers.denseNumbers)
      case .conv:
        once("add", CHelpers.convolutionAdd)
        once(
          stage.takesSpikes ? "convSpikes" : "convNumbers",
          stage.takesSpikes ? CHelpers.convolutionSpikes : CHelpers.convolutionNumbers)
      case .pool(let kind, _, _):
        if stage.givesSpikes {
          once("poolOr", CHelpers.poolOr)
        } else if kind == .max {
          if stage.takesSpikes { once("expand", CHelpers.expand) }
          once("poolMax", CHelpers.poolMax)
        } else {
          if stage.takesSpikes { once("expand", CHelpers.expand) }
          once("poolSum", CHelpers.poolSum)
        }
      case .lif:
        if stage.takesSpikes { once("expand", CHelpers.expand) }
        once("fire", fireFunctions)
      case .recurrent:
        if stage.takesSpikes { once("expand", CHelpers.expand) }
        once("denseSpikes", CHelpers.denseSpikes)
        once("fire", fireFunctions)
      case .li:
        if stage.takesSpikes { once("expand", CHelpers.expand) }
        once("leak", "#if !\(upper)_FIXED\n" + CHelpers.leak + "#endif\n")
      }
    }
    if let wholes, let first = wholes.first {
      var text = CHelpers.wholeStep.replacing("SUMBITS", with: "\(first.bits.sum - 1)")
        .replacing("CURRENTBITS", with: "\(first.bits.current - 1)")
        .replacing("LARGEST", with: "\((Int64(1) << Int64(first.bits.potential - 1)) - 1)")
      if wholes.contains(where: \.fires) { text += CHelpers.wholeFire }
      if wholes.contains(where: { !$0.fires }) { text += CHelpers.wholeLeak }
      out += "#if \(upper)_FIXED\n" + text.replacing("NAME", with: name) + "#endif\n\n"
    }
    return out
  }

  /// The float form's neurons, which the other form has its own of.
  private var fireFunctions: String { "#if !\(upper)_FIXED\n" + CHelpers.fire + "#endif\n" }

  // MARK: The step

  private func interface() -> String {
    var out = "void \(name)_reset(void) {\n"
    for (number, stage) in stages.enumerated() {
      switch stage.kind {
      case .lif, .li: out += "  memset(\(name)_v\(number), 0, sizeof \(name)_v\(number));\n"
      case .recurrent:
        out += "  memset(\(name)_v\(number), 0, sizeof \(name)_v\(number));\n  \(name)_beforeCount\(number) = 0;\n"
      case .dense, .conv, .pool: break
      }
    }
    if let last = wholes?.last, last.neurons == nil {
      out += "#if \(upper)_FIXED\n  memset(\(name)_vOut, 0, sizeof \(name)_vOut);\n#endif\n"
    }
    if adaptation != nil { out += "  \(name)_resetActivity();\n" }
    out += "}\n\n"
    out = adaptationFunctions() + out
    out += "void \(name)_step(const \(name)_input *in, \(name)_output *out) {\n"
    if adaptation?.sense == .network { out += "  unsigned long total = 0;\n" }
    // Where the signal is: which of the two lists, or of the two rows of numbers.
    var (list, row) = (0, 0)
    if takesSpikes {
      out += """
          \(name)_index n = 0;
          unsigned long i;
          for (i = 0; i < \(upper)_INPUTS; i++) {
            if (in[i]) \(name)_active[0][n++] = (\(name)_index)i;
          }
          \(name)_count[0] = n;

        """
    } else {
      out += "  unsigned long i;\n  memcpy(\(name)_numbers[0], in, sizeof(\(name)_number) * \(upper)_INPUTS);\n"
    }
    for (number, stage) in stages.enumerated() {
      out += "\n  /* \(stage.title.replacing("*/", with: "* /")) */\n"
      let active = "\(name)_active[\(list)], \(name)_count[\(list)]"
      func expand() {
        out += "  \(name)_expand(\(active), \(name)_numbers[\(row)], \(stage.inputs));\n"
      }
      switch stage.kind {
      case .dense(_, let bias):
        let target = stage.takesSpikes ? row : 1 - row
        out +=
          stage.takesSpikes
          ? "  \(name)_denseSpikes(\(name)_w\(number), \(active), \(name)_numbers[\(target)], \(stage.outputs));\n"
          : "  \(name)_denseNumbers(\(name)_w\(number), \(name)_numbers[\(row)], \(stage.inputs), \(name)_numbers[\(target)], \(stage.outputs));\n"
        row = target
        if bias != nil { out += floatOnly(offset(number, plane: 1, count: stage.outputs, row: row)) }
      case .conv(_, let bias, let window):
        let target = stage.takesSpikes ? row : 1 - row
        let shape = windowArguments(window)
        out +=
          stage.takesSpikes
          ? "  \(name)_convolutionSpikes(\(name)_w\(number), \(active), \(name)_numbers[\(target)], \(window.output[0]), \(shape));\n"
          : "  \(name)_convolutionNumbers(\(name)_w\(number), \(name)_numbers[\(row)], \(stage.inputs), \(name)_numbers[\(target)], \(window.output[0]), \(shape));\n"
        row = target
        if bias != nil {
          out += floatOnly(offset(number, plane: window.output[1] * window.output[2], count: stage.outputs, row: row))
        }
      case .pool(let kind, let window, let scale):
        let shape = windowArguments(window)
        if stage.givesSpikes {
          out += "  \(name)_count[\(1 - list)] = \(name)_poolOr(\(active), \(name)_active[\(1 - list)], \(name)_numbers[\(row)], \(window.output[0]), \(shape));\n"
          list = 1 - list
        } else {
          if stage.takesSpikes { expand() }
          let function = kind == .max ? "poolMax" : "poolSum"
          out += "  \(name)_\(function)(\(name)_numbers[\(row)], \(name)_numbers[\(1 - row)], \(window.output[0]), \(shape));\n"
          row = 1 - row
          if scale != 1 {
            // The whole-number form has the mean's share in the weights that follow.
            out += floatOnly("  for (i = 0; i < \(stage.outputs); i++) \(name)_numbers[\(row)][i] *= \(CText.number(scale));\n")
          }
        }
      case .lif(let lif):
        if stage.takesSpikes { expand() }
        out += threshold(number, lif)
        let reset = lif.reset == .subtract ? 0 : lif.reset == .zero ? 1 : 2
        let float =
          "  \(name)_count[\(1 - list)] = \(name)_fire(\(name)_v\(number), \(name)_numbers[\(row)], \(stage.outputs), \(CText.number(lif.beta)), \(thresholdText(number, lif)), \(reset), \(name)_active[\(1 - list)]);\n"
        out += both(float, wholeFire(number, row: row, to: 1 - list, back: nil))
        list = 1 - list
        out += meter(number, list)
      case .recurrent(let lif, _):
        if stage.takesSpikes { expand() }
        out += threshold(number, lif)
        out += "  \(name)_denseSpikes(\(name)_w\(number), \(name)_before\(number), \(name)_beforeCount\(number), \(name)_back\(number), \(stage.outputs));\n"
        out += floatOnly("  for (i = 0; i < \(stage.outputs); i++) \(name)_numbers[\(row)][i] += \(name)_back\(number)[i];\n")
        let reset = lif.reset == .subtract ? 0 : lif.reset == .zero ? 1 : 2
        let float =
          "  \(name)_count[\(1 - list)] = \(name)_fire(\(name)_v\(number), \(name)_numbers[\(row)], \(stage.outputs), \(CText.number(lif.beta)), \(thresholdText(number, lif)), \(reset), \(name)_active[\(1 - list)]);\n"
        out += both(float, wholeFire(number, row: row, to: 1 - list, back: "\(name)_back\(number)"))
        list = 1 - list
        out += "  \(name)_beforeCount\(number) = \(name)_count[\(list)];\n"
        out += "  memcpy(\(name)_before\(number), \(name)_active[\(list)], sizeof(\(name)_index) * \(name)_count[\(list)]);\n"
        out += meter(number, list)
      case .li(let beta):
        if stage.takesSpikes { expand() }
        let float = "  \(name)_leak(\(name)_v\(number), \(name)_numbers[\(row)], \(stage.outputs), \(CText.number(beta)));\n"
        out += both(float, wholeLeak(number, "\(name)_v\(number)", row: row))
        out += "  memcpy(\(name)_numbers[\(row)], \(name)_v\(number), sizeof \(name)_v\(number));\n"
      }
      if number == stages.count - 1, wholes?.last?.neurons == nil, wholes != nil {
        out += "#if \(upper)_FIXED\n" + wholeLeak(number, "\(name)_vOut", row: row)
          + "  memcpy(\(name)_numbers[\(row)], \(name)_vOut, sizeof \(name)_vOut);\n#endif\n"
      }
    }
    out += "\n"
    if givesSpikes {
      out += "  memset(out, 0, \(upper)_OUTPUTS);\n"
      out += "  for (i = 0; i < \(name)_count[\(list)]; i++) out[\(name)_active[\(list)][i]] = 1;\n"
    } else {
      out += "  for (i = 0; i < \(upper)_OUTPUTS; i++) out[i] = \(name)_numbers[\(row)][i];\n"
    }
    out += endOfStep()
    return out + "}\n"
  }

  private func floatOnly(_ text: String) -> String { wholes == nil ? text : "#if !\(upper)_FIXED\n\(text)#endif\n" }
  private func both(_ float: String, _ whole: String) -> String {
    wholes == nil ? float : "#if \(upper)_FIXED\n\(whole)#else\n\(float)#endif\n"
  }

  private func offset(_ number: Int, plane: Int, count: Int, row: Int) -> String {
    let place = plane == 1 ? "i" : "i / \(plane)"
    return "  for (i = 0; i < \(count); i++) \(name)_numbers[\(row)][i] += \(name)_b\(number)[\(place)];\n"
  }

  private func windowArguments(_ window: Window) -> String {
    [
      window.input[0], window.input[1], window.input[2], window.output[1], window.output[2], window.kernel.y, window.kernel.x,
      window.stride.y, window.stride.x, window.padding.y, window.padding.x,
    ].map(String.init).joined(separator: ", ")
  }

  private func wholeFire(_ stage: Int, row: Int, to list: Int, back: String?) -> String {
    guard let wholes, let number = group(of: stage) else { return "" }
    let own = wholes[number]
    let shifts = own.weights.map(\.shift)
    let reset = own.reset == .subtract ? 0 : own.reset == .zero ? 1 : 2
    return "  \(name)_count[\(list)] = \(name)_wholeFire(\(name)_v\(stage), \(name)_numbers[\(row)], \(shifts.first ?? 0), \(back ?? "0"), \(shifts.count > 1 ? shifts[1] : 0), \(name)_bias\(number), \(own.bias.count), \(own.keep), \(own.threshold), \(own.drop), \(reset), \(name)_active[\(list)]);\n"
  }

  private func wholeLeak(_ stage: Int, _ state: String, row: Int) -> String {
    guard let wholes, let number = group(of: stage) else { return "" }
    let own = wholes[number]
    return "  \(name)_wholeLeak(\(state), \(name)_numbers[\(row)], \(own.weights.first?.shift ?? 0), \(name)_bias\(number), \(own.bias.count), \(own.keep));\n"
  }

  // MARK: Thresholds that follow activity

  /// Meters: of each layer, of the input and of all neurons, as far as the sense asks for them.
  private var meters: [(name: String, neurons: Int)] {
    guard let adaptation else { return [] }
    switch adaptation.sense {
    case .input: return [("In", inputs)]
    case .network: return [("All", stages.reduce(0) { $1.lif == nil ? $0 : $0 + $1.outputs })]
    case .layer, nil: return stages.indices.filter { stages[$0].lif != nil }.map { ("\($0)", stages[$0].outputs) }
    }
  }

  private func meterName(_ stage: Int) -> String {
    switch adaptation?.sense {
    case .input: "In"
    case .network: "All"
    case .layer, nil: "\(stage)"
    }
  }

  private func adaptationMemory() -> String {
    guard let adaptation else { return "" }
    let size: Int
    if case .window(let steps) = adaptation.memory { size = steps } else { size = 0 }
    var out = "\n/* The mean activity of the steps before, which thresholds follow (Eq. 11 of arXiv 2602.02439). */\n"
    out += "typedef struct { double activity; double sum; double neurons; unsigned long next;\(size > 0 ? " double ring[\(size)];" : "") } \(name)_meter;\n"
    for meter in meters { out += "static \(name)_meter \(name)_meter\(meter.name);\n" }
    return out
  }

  private func adaptationFunctions() -> String {
    guard let adaptation else { return "" }
    var out = ""
    let asked = adaptation.rule == .paper ? adaptation.gamma : -adaptation.gamma
    var bounds = ""
    if let low = adaptation.low { bounds += "  if (factor < \(CText.number(low))) factor = \(CText.number(low));\n" }
    if let high = adaptation.high { bounds += "  if (factor > \(CText.number(high))) factor = \(CText.number(high));\n" }
    out += """
      static float \(name)_threshold(const \(name)_meter *meter, float base) {
        double factor = 1.0 + \(CText.number(asked)) * (\(CText.number(adaptation.target)) - meter->activity);
      \(bounds)  return (float)((double)base * factor);
      }


      """
    switch adaptation.memory {
    case .window(let steps):
      out += """
        static void \(name)_meterAdd(\(name)_meter *meter, unsigned long spikes) {
          meter->sum += (double)spikes - meter->ring[meter->next];
          meter->ring[meter->next] = (double)spikes;
          meter->next += 1;
          if (meter->next == \(steps)) {
            unsigned long i;
            meter->next = 0;
            meter->sum = 0.0;
            for (i = 0; i < \(steps); i++) meter->sum += meter->ring[i];
          }
          meter->activity = (meter->sum > 0.0 ? meter->sum : 0.0) / (meter->neurons * \(CText.number(Double(steps))));
        }

        static void \(name)_meterReset(\(name)_meter *meter, double neurons) {
          unsigned long i;
          meter->activity = \(CText.number(adaptation.target));
          meter->neurons = neurons;
          meter->next = 0;
          meter->sum = \(CText.number(adaptation.target)) * neurons * \(CText.number(Double(steps)));
          for (i = 0; i < \(steps); i++) meter->ring[i] = \(CText.number(adaptation.target)) * neurons;
        }


        """
    case .decay(let decay):
      out += """
        static void \(name)_meterAdd(\(name)_meter *meter, unsigned long spikes) {
          meter->activity = \(CText.number(decay)) * meter->activity + \(CText.number(1 - decay)) * (double)spikes / meter->neurons;
        }

        static void \(name)_meterReset(\(name)_meter *meter, double neurons) {
          meter->activity = \(CText.number(adaptation.target));
          meter->neurons = neurons;
          meter->next = 0;
          meter->sum = 0.0;
        }


        """
    }
    out += "static void \(name)_resetActivity(void) {\n"
    for meter in meters { out += "  \(name)_meterReset(&\(name)_meter\(meter.name), \(CText.number(Double(max(1, meter.neurons)))));\n" }
    return out + "}\n\n"
  }

  private func threshold(_ stage: Int, _ lif: LIF) -> String {
    adaptation == nil ? "" : "  { const float threshold = \(name)_threshold(&\(name)_meter\(meterName(stage)), \(CText.number(lif.threshold)));\n"
  }
  private func thresholdText(_ stage: Int, _ lif: LIF) -> String {
    adaptation == nil ? CText.number(lif.threshold) : "threshold"
  }

  /// Counts a layer's spikes, and ends the block that its threshold is known in.
  private func meter(_ stage: Int, _ list: Int) -> String {
    guard let adaptation else { return "" }
    switch adaptation.sense {
    case .input: return "  }\n"
    case .network: return "  total += \(name)_count[\(list)];\n  }\n"
    case .layer, nil: return "  \(name)_meterAdd(&\(name)_meter\(stage), \(name)_count[\(list)]);\n  }\n"
    }
  }

  private func endOfStep() -> String {
    switch adaptation?.sense {
    case .input where adaptation != nil: "  \(name)_meterAdd(&\(name)_meterIn, n);\n"
    case .network where adaptation != nil: "  \(name)_meterAdd(&\(name)_meterAll, total);\n"
    default: ""
    }
  }

  private func program() -> String {
    """

      #ifdef \(upper)_MAIN
      #include <stdio.h>
      #include <stdlib.h>

      int main(int count, char **arguments) {
        static \(name)_input in[\(upper)_INPUTS];
        static \(name)_output out[\(upper)_OUTPUTS];
        const long steps = count > 1 ? atol(arguments[1]) : 0;
        long step = 0;
        \(name)_reset();
        while (fread(in, sizeof in[0], \(upper)_INPUTS, stdin) == \(upper)_INPUTS) {
          if (steps > 0 && step == steps) {
            \(name)_reset();
            step = 0;
          }
          \(name)_step(in, out);
          if (fwrite(out, sizeof out[0], \(upper)_OUTPUTS, stdout) != \(upper)_OUTPUTS) return 1;
          step += 1;
        }
        return 0;
      }
      #endif

      """
  }
}
