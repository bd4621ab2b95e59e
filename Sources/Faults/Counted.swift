/// A number with what it counts, as messages of all rooms say it: "1 sample", "2 samples".
public func counted(_ number: Int, _ one: String, _ many: String? = nil) -> String {
  "\(number) \(number == 1 ? one : many ?? one + "s")"
}
