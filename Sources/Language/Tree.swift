/// An index into a tree's nodes.
public struct NodeID: Hashable, Sendable {
  public var index: Int
}

public enum UnaryOperator: String, Sendable { case negate = "-", not = "not" }

public enum BinaryOperator: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case floorDivide = "//"
  case remainder = "%"
  case matrixProduct = "@"
  case power = "^"
}

public enum ComparisonOperator: String, Sendable {
  case equal = "=="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case isIn = "in"
  case isNotIn = "not in"
}

/// What a `let`, a `for` or a `match` arm takes apart.
public indirect enum Pattern: Sendable {
  case name(String, Span)
  case ignore
  case tuple([Pattern], Span)
  case list([Pattern], Span)
  /// `..rest`, the last of a tuple or list pattern.
  case rest(String?, Span)
  case literal(NodeID)
  case either([Pattern])
}

public struct Argument: Sendable {
  public var name: String?
  public var nameSpan: Span?
  public var value: NodeID
}

public struct Parameter: Sendable {
  /// Of a pattern, its text: no program can write it as a name.
  public var name: String
  public var span: Span
  /// What an argument is taken apart by, where that is no single name.
  public var pattern: Pattern?
  public var defaultValue: NodeID?
  /// `..rest` takes all further positional arguments as a list.
  public var isRest: Bool
}

public struct FunctionTree: Sendable {
  public var name: String?
  public var nameSpan: Span
  public var parameters: [Parameter]
  public var body: NodeID
  public var documentation: String?

  public init(name: String?, nameSpan: Span, parameters: [Parameter], body: NodeID, documentation: String?) {
    self.name = name
    self.nameSpan = nameSpan
    self.parameters = parameters
    self.body = body
    self.documentation = documentation
  }
}

public enum ListElement: Sendable {
  case value(NodeID)
  case spread(NodeID)
}

public enum MapEntry: Sendable {
  case pair(key: NodeID, value: NodeID)
  case spread(NodeID)
}

public struct MatchArm: Sendable {
  public var pattern: Pattern
  public var condition: NodeID?
  public var body: NodeID
}

public enum ComprehensionClause: Sendable {
  case loop(Pattern, NodeID)
  case condition(NodeID)
}

/// One statement of a neuron's body.
public enum NeuronStatement: Sendable {
  case state([(name: String, span: Span, initial: NodeID)])
  case assign(name: String, span: Span, operation: BinaryOperator?, value: NodeID)
  /// `dv/dt = …`
  case derivative(name: String, span: Span, value: NodeID)
  /// `integrator exact`
  case integrator(name: String, span: Span)
  case spikeWhen(NodeID, Span)
  /// `spike never`: the first state is the output.
  case spikeNever(Span)
  /// `let drive = …`: a name for a value of this step.
  case local(name: String, span: Span, value: NodeID)
  /// `refractory 2ms holds v, w`: how long a neuron does not fire after a spike, and which states stand still.
  case refractory(NodeID, span: Span, holds: [(name: String, span: Span)])
  /// `output tanh(v)`: what leaves a neuron that never fires.
  case output(NodeID, Span)
}

public struct NeuronTree: Sendable {
  public var name: String
  public var nameSpan: Span
  public var parameters: [Parameter]
  public var statements: [NeuronStatement]
  /// What an arrival changes; nil where nothing says.
  public var onInput: [NeuronStatement]?
  public var onSpike: [NeuronStatement]
  public var documentation: String?
}

public enum Node: Sendable {
  // Expressions
  case nilLiteral
  case bool(Bool)
  case int(Int)
  case float(Double)
  case quantity(Double, unit: String)
  case string(String)
  case interpolation([InterpolationPart])
  case name(String)
  case list([ListElement])
  case map([MapEntry])
  case tuple([NodeID])
  case unary(UnaryOperator, NodeID)
  case binary(BinaryOperator, NodeID, NodeID)
  case and(NodeID, NodeID)
  case or(NodeID, NodeID)
  case comparison([NodeID], [ComparisonOperator])
  /// `low..high by step`
  case range(NodeID?, NodeID?, step: NodeID?)
  case call(NodeID, [Argument])
  case index(NodeID, [NodeID])
  case member(NodeID, String, Span)
  case pipe(NodeID, NodeID)
  case lambda(FunctionTree)
  case conditional(NodeID, then: NodeID, otherwise: NodeID?)
  case match(NodeID, [MatchArm])
  case attempt(NodeID, name: String?, nameSpan: Span, handler: NodeID)
  case block([NodeID])
  case comprehension(NodeID, [ComprehensionClause])
  case mapComprehension(key: NodeID, value: NodeID, [ComprehensionClause])
  // Statements
  case binding(Pattern, value: NodeID, isVariable: Bool, documentation: String?)
  case assign(NodeID, BinaryOperator?, NodeID)
  case function(FunctionTree)
  case returning(NodeID?)
  case breaking
  case continuing
  case loop(Pattern, NodeID, body: NodeID)
  case whileLoop(NodeID, body: NodeID)
  case throwing(NodeID)
  case assertion(NodeID, message: NodeID?)
  case test(String, body: NodeID)
  case use(path: String, isFile: Bool, alias: String, aliasSpan: Span)
  case neuron(NeuronTree)
  /// Where the parser recovered from an error.
  case missing
}

public enum InterpolationPart: Sendable {
  case text(String)
  case value(NodeID, format: String?)
}

/// A parsed source: nodes in one flat array, so that freeing a deep tree never recurses.
public struct Tree: Sendable {
  public let source: SourceText
  public internal(set) var nodes: [Node] = []
  public internal(set) var spans: [Span] = []
  /// The statements at the top level.
  public internal(set) var statements: [NodeID] = []

  init(source: SourceText) { self.source = source }

  /// Every node, in the order in which they were read.
  public var ids: [NodeID] { nodes.indices.map { NodeID(index: $0) } }

  public subscript(id: NodeID) -> Node { nodes[id.index] }
  public func span(_ id: NodeID) -> Span { spans[id.index] }
  public func text(_ id: NodeID) -> String { source.text(spans[id.index]) }
}

/// What parsing gives: the tree as far as it could be read, and every error found.
public struct ParseResult: Sendable {
  public var tree: Tree
  public var diagnostics: [Diagnostic]
  /// The text ended where more lines could complete it.
  public var isIncomplete: Bool
}
