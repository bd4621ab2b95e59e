// What can stand between the brackets of an indexed tensor.

/// One entry of an index, read from the first axis on; axes without an entry are kept whole.
public enum TensorIndex: Sendable {
  /// One place of an axis, which goes away. Negative counts from the end.
  case at(Int)
  /// Places from the first (the start unless given) up to, not including, the second (the end unless given), every
  /// `step`th. Bounds beyond the axis are cut to it, and negative ones count from the end, as in NumPy.
  case range(Int?, Int?, step: Int = 1)
  /// The whole axis.
  case all
  /// The places where a mask is true. A mask of rank r takes r axes and leaves one.
  case mask(Tensor)
  /// The listed places of an axis, in that order. Each list stands for its own axis (an outer product of places).
  case gather([Int])
  /// A new axis of size 1, which takes no axis of the tensor.
  case newAxis
}
