// Colours that people with any colour vision can tell apart, on light and on dark.

/// A colour by its red, green and blue parts between 0 and 1.
struct RGB: Equatable {
  var red: Double
  var green: Double
  var blue: Double

  /// From a literal such as `0x0072b2`.
  init(_ code: UInt32) {
    red = Double(code >> 16 & 0xff) / 255
    green = Double(code >> 8 & 0xff) / 255
    blue = Double(code & 0xff) / 255
  }

  init(red: Double, green: Double, blue: Double) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  func mixed(with other: RGB, _ part: Double) -> RGB {
    RGB(
      red: red + (other.red - red) * part, green: green + (other.green - green) * part,
      blue: blue + (other.blue - blue) * part)
  }

  private var bytes: [UInt8] { [red, green, blue].map { UInt8((min(max($0, 0), 1) * 255).rounded()) } }

  /// `#0072b2`.
  var hex: String {
    let digits = Array("0123456789abcdef")
    return "#" + String(bytes.flatMap { [digits[Int($0) >> 4], digits[Int($0) & 15]] })
  }

  /// How bright it looks, 0 to 1 (relative luminance of ITU-R BT.709, on the encoded values).
  var luminance: Double { 0.2126 * red + 0.7152 * green + 0.0722 * blue }

  /// The nearest of the 240 fixed colours of a 256-colour terminal.
  var ansi256: UInt8 {
    let levels: [Double] = [0, 95, 135, 175, 215, 255].map { $0 / 255 }
    func nearest(_ part: Double) -> Int { levels.indices.min { abs(levels[$0] - part) < abs(levels[$1] - part) } ?? 0 }
    func distance(_ r: Double, _ g: Double, _ b: Double) -> Double {
      (r - red) * (r - red) + (g - green) * (g - green) + (b - blue) * (b - blue)
    }
    let (r, g, b) = (nearest(red), nearest(green), nearest(blue))
    let gray = min(max(Int((((red + green + blue) / 3 * 255 - 8) / 10).rounded()), 0), 23)
    let shade = Double(8 + 10 * gray) / 255
    let isGray = distance(shade, shade, shade) < distance(levels[r], levels[g], levels[b])
    return UInt8(isGray ? 232 + gray : 16 + 36 * r + 6 * g + b)
  }
}

enum Palette {
  /// The colours for series that M. Okabe and K. Ito proposed (2008), without their yellow, which is lost on white.
  static let series: [RGB] = [0x0072b2, 0xe69f00, 0x009e73, 0xcc79a7, 0xd55e00, 0x56b4e9].map { RGB($0) }

  /// The same for terminals, whose ground may be black or white: the blue is a little lighter.
  static let terminalSeries: [UInt8] = [32, 172, 36, 175, 166, 74]

  static func terminalSeries(_ index: Int) -> UInt8 { terminalSeries[index % terminalSeries.count] }

  static let terminalAxis: UInt8 = 244
  static let terminalReference: UInt8 = 167

  /// Grounds under white text, weak to strong: blue for what was recognised, grey to orange for what was not.
  static let terminalHits: [UInt8] = [23, 24, 25, 26]
  static let terminalMisses: [UInt8] = [239, 94, 130, 166]

  private static let sequential: [RGB] = [0x24135f, 0x1f5a8c, 0x1f9a8a, 0x8fc74f, 0xfdf0a0].map { RGB($0) }
  private static let diverging: [RGB] = [0x004a80, 0x4f9fd0, 0xf2f2f2, 0xe0894a, 0x9c3a00].map { RGB($0) }

  /// Dark to bright, for 0 to 1.
  static func sequential(_ fraction: Double) -> RGB { along(sequential, fraction) }

  /// Blue over white to orange, for 0 to 1 with the middle at 0.5.
  static func diverging(_ fraction: Double) -> RGB { along(diverging, fraction) }

  private static func along(_ colors: [RGB], _ fraction: Double) -> RGB {
    let place = min(max(fraction, 0), 1) * Double(colors.count - 1)
    let index = min(Int(place), colors.count - 2)
    return colors[index].mixed(with: colors[index + 1], place - Double(index))
  }
}
