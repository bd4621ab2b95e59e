import Testing

@testable import Sessions

@Suite struct SettingsTests {
  @Test func kernelsThatAreNotHere() {
    #expect(kernelsProblem(nil) == nil)
    #expect(kernelsProblem("baseline") == nil)
    #expect(kernelsProblem("avx1024")?.contains("asks for the kernels 'avx1024', and this machine runs baseline") == true)
    #expect(kernelsProblem("") != nil)
  }
}
