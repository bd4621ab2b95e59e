import Machine

/// Everything that the language offers, in the manual's order. A new subject is one more array here.
public let standardBuiltins: [Builtin] =
  outputBuiltins + conversionBuiltins + collectionBuiltins + textBuiltins + numberBuiltins + systemBuiltins
  + tensorBuiltins + tensorShapeBuiltins + tensorMathBuiltins + tensorRandomBuiltins + tensorGradientBuiltins
  + networkBuiltins + [learnBuiltin] + convolutionBuiltins + normBuiltins + compositeBuiltins + encoderBuiltins + efficiencyBuiltins + lossBuiltins + optimizerBuiltins
  + trainingBuiltins + loopBuiltins + initializerBuiltins + plotBuiltins + dataBuiltins + [splitBuiltin]
  + chipBuiltins + placementBuiltins + hardwareLossBuiltins + [exploreBuiltin] + streamBuiltins

/// The library of a session: the builtins, and the stdlib's sources in the language itself.
public func standardLibrary() -> Library {
  Library(builtins: standardBuiltins, sources: stdlibSources())
}
