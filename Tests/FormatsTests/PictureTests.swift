import Faults
import Libraries
import Testing

@testable import Formats

@Suite struct PictureTests {
  /// 3 x 2 grey pixels, by Pillow.
  static let grey = bytes(
    """
    89504e470d0a1a0a0000000d4948445200000003000000020800000000b81f39c60000001049444154789c6364b0b161d8f2e13f00079f031d62b55d540000000049454e44ae
    426082
    """)
  /// 2 x 2 coloured ones.
  static let colours = bytes(
    """
    89504e470d0a1a0a0000000d4948445200000002000000020802000000fdd49a730000001649444154789c63f8cfc0c0f09f818181e13f97881c001a58033a82e0ab53000000
    0049454e44ae426082
    """)
  /// The same by a map of colours.
  static let mapped = bytes(
    """
    89504e470d0a1a0a0000000d49484452000000020000000202030000000fd8e5b70000000c504c544500ff000a141eff00000000ffbc2ab2a10000000c49444154789c636860
    b8000002540151612651e10000000049454e44ae426082
    """)
  /// 2 x 2 grey pixels as a JPEG.
  static let photo = bytes(
    """
    ffd8ffe000104a46494600010100000100010000ffdb004300020101010101020101010202020202040302020202050404030406050606060506060607090806070907060608
    0b08090a0a0a0a0a06080b0c0b0a0c090a0a0affc0000b080002000201011100ffc4001f0000010501010101010100000000000000000102030405060708090a0bffc400b510
    0002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a34353637
    38393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9ba
    c2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9faffda0008010100003f00f7bfd8bff621fd8bbc4ffb1dfc27f127893f643f85fa
    86a3a87c34d0ae6fefefbc01a74b3dccf269f03bcb23bc259dd98962c49249249affd9
    """)

  @Test func picturesAreReadAsPillowReadsThem() throws {
    let grey = try decodePicture(Self.grey, name: "it")
    #expect(grey == DecodedPicture(width: 3, height: 2, channels: 1, pixels: [0, 60, 120, 180, 240, 255]))
    let colours = try decodePicture(Self.colours, name: "it")
    #expect(colours == DecodedPicture(width: 2, height: 2, channels: 3, pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30]))
    #expect(colours.grey.pixels == [76, 150, 29, 18])
    #expect(try decodePicture(Self.mapped, name: "it") == colours)
    #expect(try grey.coloured.planes().count == 18)
    #expect(try colours.planes().scalars.prefix(4).elementsEqual([1, 0, 0, Float(10) / 255]))
    let photo = try decodePicture(Self.photo, name: "it")
    #expect(photo == DecodedPicture(width: 2, height: 2, channels: 1, pixels: [10, 20, 30, 196]))
  }

  @Test func everyTruncationIsAFault() {
    for file in [Self.grey, Self.colours] {
      for length in 0..<file.count - 12 { #expect(fault { _ = try decodePicture(Array(file.prefix(length)), name: "it") }?.kind == .file) }
    }
    for length in 0..<Self.photo.count - 4 { #expect(fault { _ = try decodePicture(Array(Self.photo.prefix(length)), name: "it") }?.kind == .file) }
  }

  @Test func noFlippedByteTraps() {
    for file in [Self.grey, Self.mapped, Self.photo] {
      for index in file.indices {
        var damaged = file
        damaged[index] ^= 0xff
        do { _ = try decodePicture(damaged, name: "it") } catch { #expect([.file, .limit].contains(error.kind)) }
      }
    }
  }
}
