import Faults
import Language

/// From a fault to its handler, or out of the run.
extension Machine {
  /// The place to go on after a fault, in the frame then on top; nil when nothing above the entry handles it. The
  /// frames left behind are cleared.
  @inline(never)
  func unwind(downTo entry: Int, _ pc: UnsafeMutablePointer<Instruction>) -> UnsafeMutablePointer<Instruction>? {
    let diagnostic = describePending(pc)
    var at = pc
    while frameCount > entry {
      let frame = frames[frameCount - 1]
      let prototype = frame.prototype
      let position = at - prototype.code - 1
      // Ctrl-C ends the program, whatever it catches.
      if diagnostic.fault.kind != .interrupt,
        let handler = prototype.handlers.first(where: { $0.range.contains(position) })
      {
        let error = ErrorObject(diagnostic, thrown: pendingThrown)
        pendingThrown = .nil
        pendingFault = nil
        pendingDiagnostic = nil
        Machine.store(frame.base + handler.register, Value(owning: error, tag: .error))
        return prototype.code + handler.target
      }
      for index in 0..<prototype.registerCount { Machine.store(frame.base + index, .nil) }
      at = frame.returnAddress
      frameCount -= 1
      if frameCount == entry { Machine.store(frame.base - 1, .nil) }
    }
    return nil
  }

  /// The pending fault with its place and stack. A fault that came through a builtin keeps its inner place.
  private func describePending(_ pc: UnsafeMutablePointer<Instruction>) -> Diagnostic {
    let fault = pendingFault ?? Fault(.value, "stopped")
    defer {
      pendingOperands = nil
      pendingArgument = nil
    }
    if let known = pendingDiagnostic, known.fault.title == fault.title, known.fault.kind == fault.kind {
      pendingFault = known.fault
      return known
    }
    if fault.kind != .thrown {
      // What an earlier fault on this way has thrown is not this one's.
      pendingThrown.release()
      pendingThrown = .nil
    }
    let frame = frames[frameCount - 1].prototype
    let position = max(0, min(pc - frame.code - 1, frame.sites.count - 1))
    let site = frame.sites.isEmpty ? Prototype.Site(span: frame.span) : frame.sites[position]
    var described = fault
    if let operands = pendingOperands, let left = site.left, let right = site.right, fault.label == nil || fault.kind == .shape {
      let leftText = operandText(frame.source.text(left))
      let rightText = operandText(frame.source.text(right))
      described.label = "\(leftText ?? "the left side") is \(operands.left), \(rightText ?? "the right side") is \(operands.right)"
    }
    let place = pendingArgument.flatMap { $0.place(in: site) } ?? site.span
    var diagnostic = Diagnostic(described, in: frame.source, at: place, stack: stackTrace(pc))
    diagnostic.hiddenCalls = frameCount - diagnostic.stack.count
    pendingFault = described
    pendingDiagnostic = diagnostic
    return diagnostic
  }

  private func operandText(_ text: String) -> String? {
    text.count <= 24 && !text.contains("\n") ? text : nil
  }

  private func stackTrace(_ pc: UnsafeMutablePointer<Instruction>) -> [Diagnostic.Frame] {
    var trace: [Diagnostic.Frame] = []
    var at = pc
    for index in stride(from: frameCount - 1, through: 0, by: -1) {
      let frame = frames[index]
      let prototype = frame.prototype
      let position = at - prototype.code - 1
      let offset = position >= 0 && position < prototype.sites.count ? prototype.sites[position].span.start : 0
      if trace.count < 12 || index < 4 {
        trace.append(Diagnostic.Frame(function: prototype.name, source: prototype.source, offset: offset))
      }
      at = frame.returnAddress
    }
    return trace
  }

  @inline(never)
  func checkInterrupt() -> Bool {
    Interrupt.isRequested ? fail(Interrupt.fault()) : true
  }

  @inline(never)
  func failUndefined(_ pc: UnsafeMutablePointer<Instruction>) -> Bool {
    let frame = frames[frameCount - 1].prototype
    let position = pc - frame.code - 1
    let name = position >= 0 && position < frame.sites.count ? frame.source.text(frame.sites[position].span) : "this name"
    return fail(Self.noValue(name.count <= 40 ? "`\(name)`" : "a name here"))
  }

  @inline(never)
  func failNoMatch(_ value: Value) -> Bool {
    fail(
      Fault(
        .value, "no case matches \(value.description(of: .kind))", label: "this is \(shortText(value))",
        help: "add a case `_ => …` for everything else"))
  }

  /// `throw x`: an error value is thrown on as it was.
  @inline(never)
  func raise(_ place: UnsafeMutablePointer<Value>) -> Bool {
    let value = place.pointee
    place.pointee = .nil
    pendingThrown.release()
    pendingThrown = .nil
    if value.tag == .error {
      let error = value.object(as: ErrorObject.self)
      pendingDiagnostic = error.diagnostic
      pendingThrown = error.thrown.retained()
      let fault = error.diagnostic.fault
      value.release()
      return fail(fault)
    }
    let title = value.description(of: .plain)
    pendingDiagnostic = nil
    pendingThrown = value
    return fail(Fault(.thrown, title))
  }
}
