// One style sheet for every picture: readable on light and on dark ground, whichever the reader has chosen.

enum SVGStyle {
  /// The sheet. Its class names begin with `ne-`, because a page may hold several pictures and styles of its own.
  static let sheet: String = {
    var rules = """
      .ne-figure{font:12px system-ui,-apple-system,"Segoe UI","DejaVu Sans",Helvetica,Arial,sans-serif}
      .ne-figure text{fill:#24292f}
      .ne-figure .ne-title{font-size:15px;font-weight:600}
      .ne-figure .ne-soft{fill:#57606a}
      .ne-figure .ne-on{fill:#fff}
      .ne-ground{fill:#fff}
      .ne-over{paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}
      .ne-grid{stroke:#e3e7eb;fill:none}
      .ne-axis{stroke:#6e7781;fill:none}
      .ne-whisker{stroke:#24292f;fill:none;stroke-width:1.25}
      .ne-reference{stroke:#cf222e;fill:none;stroke-width:1.5;stroke-dasharray:6 4}
      .ne-reference1{stroke-dasharray:2 4}
      .ne-reference2{stroke-dasharray:10 4 2 4}
      .ne-event{stroke:#0072b2;fill:none}
      .ne-hit{fill:#0072b2}
      .ne-miss{fill:#d55e00}
      .ne-none{fill:#8c959f;fill-opacity:.25}
      .ne-shade{fill:#8c959f;fill-opacity:.16}
      .ne-idle{fill:#8c959f;fill-opacity:.13}
      .ne-traffic{stroke:#d55e00;fill:none}
      .ne-figure .ne-small{font-size:10px;fill:#57606a}
      .ne-figure .ne-ink{fill:#1f2328}
      .ne-figure .ne-small.ne-on{fill:#fff}

      """
    for (index, color) in Palette.series.enumerated() {
      rules += ".ne-line\(index){stroke:\(color.hex);fill:none;stroke-width:1.75;"
      rules += "stroke-linejoin:round;stroke-linecap:round}\n.ne-fill\(index){fill:\(color.hex)}\n"
    }
    rules += """
      @media screen and (prefers-color-scheme:dark){
      .ne-figure text{fill:#e6edf3}
      .ne-figure .ne-soft,.ne-figure .ne-small{fill:#9aa4ae}
      .ne-figure .ne-on,.ne-figure .ne-small.ne-on{fill:#0d1117}
      .ne-figure .ne-small.ne-ink{fill:#f0f6fc}
      .ne-traffic{stroke:#ff8a3d}
      .ne-ground{fill:#0d1117}
      .ne-over{stroke:#0d1117}
      .ne-grid{stroke:#262c34}
      .ne-axis{stroke:#7d8590}
      .ne-whisker{stroke:#e6edf3}
      .ne-reference{stroke:#ff7b72}
      .ne-event,.ne-line0{stroke:#3b9ddd}
      .ne-fill0,.ne-hit{fill:#3b9ddd}
      }

      """
    return rules
  }()

  static func line(_ index: Int) -> String { "ne-line\(index % Palette.series.count)" }

  static func fill(_ index: Int) -> String { "ne-fill\(index % Palette.series.count)" }

  /// A marked line, whose dashes tell it from the marked lines beside it.
  static func reference(_ index: Int) -> String { index % 3 == 0 ? "ne-reference" : "ne-reference ne-reference\(index % 3)" }

  /// A dash pattern that tells a series from its neighbours without colour, and lets one be seen below another; nil
  /// for a whole line. The terminal's lines follow the same order.
  static func dash(_ index: Int) -> String? { [nil, "8 4", "2 4", "10 4 2 4"][index % 4] }
}
