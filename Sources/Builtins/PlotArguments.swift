// What users hand to a plot (lists, tensors, spikes, maps, quantities) as the plain numbers that figures hold.

import Faults
import Language
import Machine
import Plots
import Tensors

/// Numbers of one series, with the unit in which they are when they were quantities.
struct PlotNumbers {
  var values: [Double]
  var unit: String?
  /// How far each may be off, where any of them is a `mean_sd`; NaN where nothing is known.
  var errors: [Double]?
}

extension Call {
  /// The numbers of a one-dimensional argument: a list, a range, or a tensor with one long axis.
  func plotNumbers(_ index: Int) throws(Fault) -> PlotNumbers {
    if let numbers = try plotNumbers(of: self[index], index) { return numbers }
    throw wrong(
      index, "must be numbers in one dimension", kind: .shape, help: "found \(self[index].description(of: .kind))")
  }

  /// The numbers of a value, or nil when it is not one-dimensional.
  func plotNumbers(of value: Value, _ index: Int) throws(Fault) -> PlotNumbers? {
    if let elements = value.elements {
      if let means = try plotMeans(elements, index) { return means }
      if let quantities = try plotQuantities(elements, index) { return quantities }
      let numbers = elements.compactMap { $0.asNumber }
      if numbers.count == elements.count { return PlotNumbers(values: numbers) }
    }
    guard let tensor = try value.convertedToTensor() else { return nil }
    if tensor.shape.count(where: { $0 != 1 }) > 1 || tensor.rank == 0 { return nil }
    return PlotNumbers(values: tensor.scalars.map { Double($0) })
  }

  /// A list of quantities of one dimension, in the unit that suits the largest; nil when it holds none.
  private func plotQuantities(_ elements: UnsafeBufferPointer<Value>, _ index: Int) throws(Fault) -> PlotNumbers? {
    let quantities = elements.compactMap(\.asQuantity)
    guard let first = quantities.first else { return nil }
    guard quantities.count == elements.count, quantities.allSatisfy({ $0.dimension == first.dimension }) else {
      throw Fault(
        .unit, "`\(parameterName(index))` of `\(builtin.name)` mixes dimensions",
        label: "all values of one axis must be quantities of one dimension, or all plain numbers")
    }
    let (name, scale) = plotUnit(quantities.map(\.amount), first.dimension)
    return PlotNumbers(values: quantities.map { $0.amount / scale }, unit: name)
  }

  /// The unit that suits the largest of some amounts.
  private func plotUnit(_ amounts: [Double], _ dimension: Dimension) -> (name: String, scale: Double) {
    QuantityText.usualUnit(amounts.lazy.map { abs($0) }.max() ?? 1, dimension)
  }

  /// A list with a `mean_sd` in it: means and deviations, beside plain values that have none; nil for any other list.
  private func plotMeans(_ elements: UnsafeBufferPointer<Value>, _ index: Int) throws(Fault) -> PlotNumbers? {
    guard elements.contains(where: { $0.asForeign(MeanSDValue.self) != nil }) else { return nil }
    var values: [Double] = [], errors: [Double] = []
    var dimensions: [Dimension?] = []
    for element in elements {
      if let mean = element.asForeign(MeanSDValue.self) {
        values.append(mean.mean)
        errors.append(mean.deviation)
        dimensions.append(mean.dimension)
      } else if let number = element.asNumber {
        values.append(number)
        errors.append(.nan)
        dimensions.append(nil)
      } else if let quantity = element.asQuantity {
        values.append(quantity.amount)
        errors.append(.nan)
        dimensions.append(quantity.dimension)
      } else {
        return nil
      }
    }
    guard let first = dimensions.first, dimensions.allSatisfy({ $0 == first }) else {
      throw Fault(
        .unit, "`\(parameterName(index))` of `\(builtin.name)` mixes dimensions",
        label: "all values of one axis must be of one dimension, or all plain numbers")
    }
    guard let dimension = first else { return PlotNumbers(values: values, errors: errors) }
    let (name, scale) = plotUnit(values, dimension)
    return PlotNumbers(values: values.map { $0 / scale }, unit: name, errors: errors.map { $0 / scale })
  }

  /// One or more series: numbers, a list of such, a map from names to such, or a tensor `[points, series]`.
  func plotSeries(_ index: Int, most: Int = 24) throws(Fault) -> (series: [Series], unit: String?) {
    var parts: [(name: String, value: Value)] = []
    let value = self[index]
    if let map = value.asMap {
      for pair in map.pairs { parts.append((pair.key.description(of: .plain), pair.value)) }
    } else if let numbers = try plotNumbers(of: value, index) {
      return ([Series(y: numbers.values, yErrors: numbers.errors)], numbers.unit)
    } else if let elements = value.elements, !elements.contains(where: { $0.asNumber != nil }) {
      parts = elements.map { ("", $0) }
    } else {
      return (try columns(of: try tensor(index), index, most: most), nil)
    }
    if parts.count > most { throw tooManySeries(parts.count, index, most: most) }
    var series: [Series] = []
    var unit: String?
    for part in parts {
      guard let numbers = try plotNumbers(of: part.value, index) else {
        throw wrong(
          index, "must hold numbers in one dimension for each series", kind: .shape,
          help: "series \(series.count) is \(part.value.description(of: .kind))")
      }
      if let before = unit, let now = numbers.unit, before != now {
        throw Fault(.unit, "the series of `\(builtin.name)` have different units", label: "\(before) and \(now)")
      }
      unit = numbers.unit ?? unit
      series.append(Series(name: part.name, y: numbers.values, yErrors: numbers.errors))
    }
    return (series, unit)
  }

  /// The columns of a tensor `[points, series]`; axes of size 1 do not count.
  private func columns(of tensor: Tensor, _ index: Int, most: Int) throws(Fault) -> [Series] {
    let shape = tensor.shape.filter { $0 != 1 }
    if tensor.rank == 0 {
      throw wrong(index, "is one number, and a curve needs several", kind: .shape, help: "give a list: [1, 2, 3]")
    }
    guard shape.count == 2 else {
      throw wrong(
        index, "has too many axes for lines: \(Shape.text(tensor.shape))", kind: .shape,
        help: "take one neuron or sample of it: x[.., 0]")
    }
    let (points, count) = (shape[0], shape[1])
    if count > most { throw tooManySeries(count, index, most: most) }
    let scalars = tensor.scalars
    return (0..<count).map { column in
      Series(y: (0..<points).map { Double(scalars[$0 * count + column]) })
    }
  }

  private func tooManySeries(_ count: Int, _ index: Int, most: Int) -> Fault {
    wrong(
      index, "holds \(count) series, and more than \(most) cannot be told apart",
      help: "pick some: x[.., 0..\(most)]; or show them all with plot.heatmap")
  }

  /// A matrix: a tensor with two axes longer than 1 (or fewer), spikes of one sample, or a list of rows.
  func plotMatrix(_ index: Int) throws(Fault) -> [[Double]] {
    let tensor = try tensor(index)
    var shape = tensor.shape
    while shape.count > 2, let one = shape.firstIndex(of: 1) { shape.remove(at: one) }
    guard shape.count <= 2 else {
      throw wrong(
        index, "must have two axes, found \(Shape.text(tensor.shape))", kind: .shape,
        help: "take a part of it, x[0], or rearrange it: reshape(x, [rows, columns])")
    }
    let columns = shape.last ?? 1
    let rows = shape.count == 2 ? shape[0] : 1
    let scalars = tensor.scalars
    return (0..<rows).map { row in scalars[(row * columns)..<((row + 1) * columns)].map { Double($0) } }
  }
}
