import Machine

/// Everything that the language offers, in the manual's order. A new subject is one more array here.
public let standardBuiltins: [Builtin] = [
  outputBuiltins, conversionBuiltins, collectionBuiltins, textBuiltins, textShapeBuiltins, regexBuiltins, numberBuiltins, elementaryBuiltins, constantBuiltins,
  bitBuiltins, systemBuiltins, fileBuiltins, dateBuiltins, jsonBuiltins,
  tensorBuiltins, tensorShapeBuiltins, arrayShapeBuiltins, tensorMathBuiltins, quantileBuiltins, arrayRunBuiltins, arraySearchBuiltins,
  arrayProductBuiltins, linearAlgebraBuiltins, factorizationBuiltins, fourierBuiltins, filterBuiltins, specialFunctionBuiltins,
  tensorRandomBuiltins, distributionBuiltins, choiceBuiltins, tensorGradientBuiltins,
  networkBuiltins, [learnBuiltin], convolutionBuiltins, normBuiltins, delayBuiltins, compositeBuiltins, cellBuiltins, encoderBuiltins, spikeTimeBuiltins, efficiencyBuiltins,
  lossBuiltins, optimizerBuiltins,
  trainingBuiltins, [neurobenchBuiltin], loopBuiltins, runBuiltins, initializerBuiltins, plotBuiltins,
  dataBuiltins, dataFormBuiltins, augmentationBuiltins, eventSetBuiltins, eventBuiltins,
  soundFileBuiltins, spectralBuiltins, soundSpikeBuiltins, cochleaBuiltins, soundDatasetBuiltins, archiveBuiltins, motionBuiltins, pictureBuiltins, [splitBuiltin],
  chipBuiltins, placementBuiltins, deployBuiltins, hardwareLossBuiltins, [exploreBuiltin], streamBuiltins,
].flatMap { $0 }

/// The library of a session: the builtins, and the stdlib's sources in the language itself.
public func standardLibrary() -> Library {
  Library(builtins: standardBuiltins, sources: stdlibSources())
}
