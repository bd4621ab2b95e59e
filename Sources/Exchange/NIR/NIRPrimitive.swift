// The primitives of NIR with their fields: one row for each. Fields as in nir 1.0.8; those that older files lack have a
// standard value (NIR paper, Nature Communications 15:8122, and the package's own defaults).

/// A kind of node by its name in files, and what it must and may hold.
public struct NIRPrimitive: Sendable {
  public struct Field: Sendable {
    public enum Content: Sendable {
      /// Numbers of any shape.
      case numbers
      /// Whole numbers: one, or one for each axis.
      case integers
      /// Whole numbers, or "same" or "valid".
      case padding
    }

    public var name: String
    public var content: Content
    /// What stands for it in a file without it; nil for a field that must be there.
    public var standard: [Double]?
    /// Whether a missing one is no fault and has no value either.
    public var isOptional = false
  }

  public var name: String
  public var fields: [Field]
  /// Whether it is a population of neurons, or of leaky integrators: all its fields have the shape of the layer.
  public var isNeurons = false
  /// Whether its neurons fire.
  public var fires = false

  public func field(_ name: String) -> Field? { fields.first { $0.name == name } }

  /// The primitive of a name in a file; nil for one that is not known.
  public static func named(_ name: String) -> NIRPrimitive? { all.first { $0.name == name } }

  /// The kind of node that holds a graph.
  public static let graph = "NIRGraph"

  public static let all: [NIRPrimitive] = [
    NIRPrimitive(name: "Input", fields: [.optional("shape", .integers)]),
    NIRPrimitive(name: "Output", fields: [.optional("shape", .integers)]),
    NIRPrimitive(name: "Linear", fields: [.required("weight")]),
    NIRPrimitive(name: "Affine", fields: [.required("weight"), .required("bias")]),
    NIRPrimitive(name: "Scale", fields: [.required("scale")]),
    NIRPrimitive(
      name: "Conv1d",
      fields: [
        .optional("input_shape", .integers), .required("weight"), .standard("stride", .integers, [1]),
        .standard("padding", .padding, [0]), .standard("dilation", .integers, [1]), .standard("groups", .integers, [1]),
        .optional("bias", .numbers),
      ]),
    NIRPrimitive(
      name: "Conv2d",
      fields: [
        .optional("input_shape", .integers), .required("weight"), .standard("stride", .integers, [1]),
        .standard("padding", .padding, [0]), .standard("dilation", .integers, [1]), .standard("groups", .integers, [1]),
        .optional("bias", .numbers),
      ]),
    NIRPrimitive(
      name: "SumPool2d",
      fields: [.required("kernel_size", .integers), .optional("stride", .integers), .standard("padding", .integers, [0])]),
    NIRPrimitive(
      name: "AvgPool2d",
      fields: [.required("kernel_size", .integers), .optional("stride", .integers), .standard("padding", .integers, [0])]),
    NIRPrimitive(
      name: "Flatten",
      fields: [
        .optional("input_type", .integers), .standard("start_dim", .integers, [1]), .standard("end_dim", .integers, [-1]),
      ]),
    NIRPrimitive(name: "Delay", fields: [.required("delay")]),
    NIRPrimitive(name: "Threshold", fields: [.required("threshold")], fires: true),
    NIRPrimitive(name: "I", fields: [.required("r")], isNeurons: true),
    NIRPrimitive(
      name: "IF", fields: [.required("r"), .required("v_threshold"), .standard("v_reset", .numbers, [0])],
      isNeurons: true, fires: true),
    NIRPrimitive(
      name: "LI", fields: [.required("tau"), .required("r"), .required("v_leak")], isNeurons: true),
    NIRPrimitive(
      name: "LIF",
      fields: [
        .required("tau"), .required("r"), .required("v_leak"), .required("v_threshold"),
        .standard("v_reset", .numbers, [0]),
      ], isNeurons: true, fires: true),
    NIRPrimitive(
      name: "CubaLI",
      fields: [
        .required("tau_mem"), .required("tau_syn"), .required("r"), .required("v_leak"), .standard("w_in", .numbers, [1]),
      ], isNeurons: true),
    NIRPrimitive(
      name: "CubaLIF",
      fields: [
        .required("tau_mem"), .required("tau_syn"), .required("r"), .required("v_leak"), .required("v_threshold"),
        .standard("w_in", .numbers, [1]), .standard("v_reset", .numbers, [0]),
      ], isNeurons: true, fires: true),
  ]
}

extension NIRPrimitive.Field {
  static func required(_ name: String, _ content: Content = .numbers) -> Self { Self(name: name, content: content) }
  static func optional(_ name: String, _ content: Content) -> Self {
    Self(name: name, content: content, isOptional: true)
  }
  static func standard(_ name: String, _ content: Content, _ value: [Double]) -> Self {
    Self(name: name, content: content, standard: value)
  }
}
