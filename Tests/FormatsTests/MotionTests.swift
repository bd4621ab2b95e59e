import Faults
import Testing

@testable import Formats

@Suite struct MotionTests {
  static let header = "# a comment\n@problemName Walk\n@timeStamps false\n@missing true\n@univariate false\n@dimensions 2\n@equalLength false\n@classLabel true Up Down\n@data\n"

  @Test func seriesAreReadWithTheirClasses() throws {
    let set = try decodeTimeSeries(Self.header + "1,-2.5,3:0,1,?:Down\n4,5:NaN,1e-3:Up\r\n\n", name: "it", title: "t")
    #expect(set.name == "Walk" && set.steps == 3 && set.channels == 2 && set.labels == [1, 0] && set.classNames == ["Up", "Down"])
    #expect(set.values.map { $0.isNaN ? -99 : $0 } == [1, 0, -2.5, 1, 3, -99, 4, -99, 5, 1e-3, -99, -99])
    let numbers = try decodeTimeSeries("@targetLabel true\n@data\n1,2:0.5\n", name: "it", title: "t")
    #expect(numbers.targets == [0.5] && numbers.labels.isEmpty && numbers.name == "t")
  }

  @Test func seriesThatLieAreFaults() {
    func label(_ text: String) -> String? { fault { _ = try decodeTimeSeries(text, name: "it", title: "t") }?.label }
    #expect(label(Self.header + "1,2:Up\n") == "it has 1 channel, and the header says 2")
    #expect(label(Self.header + "1,2:3:Up\n") == "channel 2 has 1 value, channel 1 has 2")
    #expect(label(Self.header + "1,x:3,4:Up\n") == "`x` in channel 1 is no number")
    #expect(label(Self.header + "1:2:up\n") == "`up` is none of the classes Up, Down")
    #expect(label("1,2:Up") == "`1,2:Up` stands before @data")
    #expect(label("@classLabel true a\n") == "it has no line @data")
    #expect(label("@data\n") == "neither @classLabel true nor @targetLabel true stands before @data")
    #expect(label("@timestamps true\n@classLabel true a\n@data\n(1,2):a\n")?.contains("@timestamps true") == true)
    #expect(label("@dimensions many\n") == "@dimensions wants a whole number of at least 1")
  }

  @Test func wisdmRecordsEndAtSemicolonsAndLines() throws {
    let text = """
      33,Jogging,49105962326000,-0.6946377,12.680544,0.50395286;
      33,Jogging,49106062271000,5.012288,11.264028,0.95342433;33,Jogging,49106112167000,4.9,10.9,-0.08,;

      ,
      33,Walking,0,0,0,0;
      33,Walking,49106222305000,-0.61,18.49,;
      """
    let (samples, rejected) = try decodeWISDM(Array(text.utf8), name: "it")
    #expect(samples.count == 3 && rejected == 2)
    #expect(samples[0] == WISDMSample(user: "33", activity: "Jogging", time: 49_105_962_326_000, acceleration: (-0.6946377, 12.680544, 0.50395286)))
    let wrong = String(repeating: "some text\n", count: 200)
    #expect(fault { _ = try decodeWISDM(Array(wrong.utf8), name: "it") }?.title == "it is not a file of WISDM")
  }

  @Test func linesOfNumbersAreOfOneLength() throws {
    let folder = try TestFolder()
    let good = try folder.file("good", Array("  2.5717778e-001  1 \r\n -3 4e2\n\n".utf8))
    let read = try readNumberLines(good)
    #expect(read.width == 2 && read.numbers == [0.25717778, 1, -3, 400])
    #expect(fault { _ = try readNumberLines(try folder.file("short", Array("1 2\n3\n".utf8))) }?.label == "line 2 holds 1 number, 2 are expected")
    #expect(fault { _ = try readNumberLines(try folder.file("text", Array("1 two\n".utf8))) }?.label == "`two` in line 1, at byte 2")
    #expect(fault { _ = try readNumberLines(try folder.file("nul", [49, 0, 50])) }?.kind == .file)
    #expect(fault { _ = try readNumberLines(try folder.file("empty", [])) }?.kind == .file)
  }
}
