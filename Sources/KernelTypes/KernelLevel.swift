// All that a level of the CPU must offer.

/// The kernels, built for one level of the CPU.
public protocol KernelLevel: ConvolutionKernels, ElementKernels, FoldKernels, LifKernels, MatrixKernels, NeuronKernels,
  OptimizerKernels, PoolKernels, RandomKernels, SpikeKernels
{
  /// The level's name, as a user writes it.
  static var name: String { get }
}
