// The HDF Group's HDF5, which holds networks in NIR files, spoken digits as spikes, and recordings of event cameras.
// Its functions as its headers declare them; what is made of them stands in Formats/HDF5.

import Faults
import Glibc
import Synchronization

/// An object of the library: a file, group, data set, type, space or list of properties; negative where there is none.
public typealias HDF5ID = Int64

/// The functions of HDF5 that the program calls. Its builds without threads are common, so they are called one at a
/// time, inside `HDF5Library.use`.
public struct HDF5Library: Sendable {
  public typealias Name = UnsafePointer<CChar>?
  public typealias Sizes = UnsafePointer<UInt64>?
  public typealias Raw = UnsafeMutableRawPointer?
  /// Follows a link into another file, or refuses.
  public typealias Traverse = @convention(c) (Name, Name, Name, Name, UnsafeMutablePointer<UInt32>?, HDF5ID, Raw) -> Int32
  public typealias Take = @convention(c) (Int, Raw) -> Raw
  public typealias Free = @convention(c) (Raw, Raw) -> Void

  public let close: @convention(c) (HDF5ID) -> Int32  // of an identifier of any kind
  public let kind: @convention(c) (HDF5ID) -> Int32

  public let openFile: @convention(c) (Name, UInt32, HDF5ID) -> HDF5ID
  public let createFile: @convention(c) (Name, UInt32, HDF5ID, HDF5ID) -> HDF5ID
  public let flush: @convention(c) (HDF5ID, Int32) -> Int32
  public let image: @convention(c) (HDF5ID, Raw, Int) -> Int

  public let openObject: @convention(c) (HDF5ID, Name, HDF5ID) -> HDF5ID
  public let linkExists: @convention(c) (HDF5ID, Name, HDF5ID) -> Int32
  public let linkName: @convention(c) (HDF5ID, Name, Int32, Int32, UInt64, UnsafeMutablePointer<CChar>?, Int, HDF5ID) -> Int
  private let groupInfo: @convention(c) (HDF5ID, Raw) -> Int32
  public let createGroup: @convention(c) (HDF5ID, Name, HDF5ID, HDF5ID, HDF5ID) -> HDF5ID

  public let attributeExists: @convention(c) (HDF5ID, Name) -> Int32
  public let openAttribute: @convention(c) (HDF5ID, Name, HDF5ID) -> HDF5ID
  public let openAttributeAt: @convention(c) (HDF5ID, Name, Int32, Int32, UInt64, HDF5ID, HDF5ID) -> HDF5ID
  public let attributeName: @convention(c) (HDF5ID, Int, UnsafeMutablePointer<CChar>?) -> Int
  public let attributeType: @convention(c) (HDF5ID) -> HDF5ID
  public let attributeSpace: @convention(c) (HDF5ID) -> HDF5ID
  public let readAttribute: @convention(c) (HDF5ID, HDF5ID, Raw) -> Int32
  public let createAttribute: @convention(c) (HDF5ID, Name, HDF5ID, HDF5ID, HDF5ID, HDF5ID) -> HDF5ID
  public let writeAttribute: @convention(c) (HDF5ID, HDF5ID, UnsafeRawPointer?) -> Int32
  public let attributeCount: @convention(c) (HDF5ID) -> Int32

  public let setType: @convention(c) (HDF5ID) -> HDF5ID
  public let setSpace: @convention(c) (HDF5ID) -> HDF5ID
  public let setProperties: @convention(c) (HDF5ID) -> HDF5ID
  public let readSet: @convention(c) (HDF5ID, HDF5ID, HDF5ID, HDF5ID, HDF5ID, Raw) -> Int32
  public let createSet: @convention(c) (HDF5ID, Name, HDF5ID, HDF5ID, HDF5ID, HDF5ID, HDF5ID) -> HDF5ID
  public let writeSet: @convention(c) (HDF5ID, HDF5ID, HDF5ID, HDF5ID, HDF5ID, UnsafeRawPointer?) -> Int32
  /// The bytes that a data set takes in the file, for which it goes through the index of its chunks.
  public let storedBytes: @convention(c) (HDF5ID) -> UInt64
  public let reclaim: @convention(c) (HDF5ID, HDF5ID, HDF5ID, Raw) -> Int32
  public let chunkSize: @convention(c) (HDF5ID, Sizes, UnsafeMutablePointer<UInt64>?) -> Int32
  public let readChunk: @convention(c) (HDF5ID, HDF5ID, Sizes, UnsafeMutablePointer<UInt32>?, Raw) -> Int32

  public let spaceRank: @convention(c) (HDF5ID) -> Int32
  public let spaceSizes: @convention(c) (HDF5ID, UnsafeMutablePointer<UInt64>?, UnsafeMutablePointer<UInt64>?) -> Int32
  public let spaceKind: @convention(c) (HDF5ID) -> Int32
  public let createSpace: @convention(c) (Int32) -> HDF5ID
  public let createSimpleSpace: @convention(c) (Int32, Sizes, Sizes) -> HDF5ID
  public let select: @convention(c) (HDF5ID, Int32, Sizes, Sizes, Sizes, Sizes) -> Int32

  public let nativeType: @convention(c) (HDF5ID, Int32) -> HDF5ID
  public let typeClass: @convention(c) (HDF5ID) -> Int32
  public let typeSize: @convention(c) (HDF5ID) -> Int
  public let typeSign: @convention(c) (HDF5ID) -> Int32
  public let typeBase: @convention(c) (HDF5ID) -> HDF5ID
  public let isVariableText: @convention(c) (HDF5ID) -> Int32
  public let memberCount: @convention(c) (HDF5ID) -> Int32
  public let memberName: @convention(c) (HDF5ID, UInt32) -> UnsafeMutablePointer<CChar>?
  public let memberOffset: @convention(c) (HDF5ID, UInt32) -> Int
  public let memberType: @convention(c) (HDF5ID, UInt32) -> HDF5ID
  public let memberValue: @convention(c) (HDF5ID, UInt32, Raw) -> Int32
  public let arrayRank: @convention(c) (HDF5ID) -> Int32
  public let arraySizes: @convention(c) (HDF5ID, UnsafeMutablePointer<UInt64>?) -> Int32
  public let copyType: @convention(c) (HDF5ID) -> HDF5ID
  public let createType: @convention(c) (Int32, Int) -> HDF5ID
  public let insertMember: @convention(c) (HDF5ID, Name, Int, HDF5ID) -> Int32
  public let createVariable: @convention(c) (HDF5ID) -> HDF5ID
  public let createEnumeration: @convention(c) (HDF5ID) -> HDF5ID
  public let insertValue: @convention(c) (HDF5ID, Name, UnsafeRawPointer?) -> Int32
  public let setTypeSize: @convention(c) (HDF5ID, Int) -> Int32
  public let setCharacters: @convention(c) (HDF5ID, Int32) -> Int32
  public let freeMemory: @convention(c) (Raw) -> Int32

  public let createProperties: @convention(c) (HDF5ID) -> HDF5ID
  public let useMemory: @convention(c) (HDF5ID, Int, UInt32) -> Int32
  public let setImage: @convention(c) (HDF5ID, Raw, Int) -> Int32
  public let onOtherFile: @convention(c) (HDF5ID, Traverse?, Raw) -> Int32
  public let makeParents: @convention(c) (HDF5ID, UInt32) -> Int32
  public let layout: @convention(c) (HDF5ID) -> Int32
  public let chunkSizes: @convention(c) (HDF5ID, Int32, UnsafeMutablePointer<UInt64>?) -> Int32
  public let setChunkSizes: @convention(c) (HDF5ID, Int32, Sizes) -> Int32
  public let deflate: @convention(c) (HDF5ID, UInt32) -> Int32
  public let externalCount: @convention(c) (HDF5ID) -> Int32
  public let filterCount: @convention(c) (HDF5ID) -> Int32
  public let filter: @convention(c) (
    HDF5ID, UInt32, UnsafeMutablePointer<UInt32>?, UnsafeMutablePointer<Int>?, UnsafeMutablePointer<UInt32>?, Int,
    UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<UInt32>?
  ) -> Int32
  public let isFilterThere: @convention(c) (Int32) -> Int32
  public let onVariableMemory: @convention(c) (HDF5ID, Take?, Raw, Free?, Raw) -> Int32
  /// Releases before 1.10.7 lack it.
  public let lockFiles: (@convention(c) (HDF5ID, Bool, Bool) -> Int32)?

  private let silence: @convention(c) (HDF5ID, Raw, Raw) -> Int32
  private let walk: @convention(c) (HDF5ID, Int32, @convention(c) (UInt32, UnsafeRawPointer?, Raw) -> Int32, Raw) -> Int32
  private let library: SharedLibrary

  /// Releases 1.10, 1.14 and 2.0, in Debian's build and in their own: what is called here is the same in all of them.
  private static let file = "libhdf5_serial.so.103"
  private static let others = [
    "libhdf5_serial.so.310", "libhdf5.so.103", "libhdf5.so.200", "libhdf5.so.310", "libhdf5.so.320",
  ]

  private init() throws(Fault) {
    library = try SharedLibrary(Self.file, or: Self.others, package: "libhdf5-103-1", purpose: "an HDF5 file")
    let load = library
    func function<Signature>(_ name: String) throws(Fault) -> Signature { try load.function(name, as: Signature.self) }
    close = try function("H5Idec_ref")
    kind = try function("H5Iget_type")
    openFile = try function("H5Fopen")
    createFile = try function("H5Fcreate")
    flush = try function("H5Fflush")
    image = try function("H5Fget_file_image")
    openObject = try function("H5Oopen")
    linkExists = try function("H5Lexists")
    linkName = try function("H5Lget_name_by_idx")
    groupInfo = try function("H5Gget_info")
    createGroup = try function("H5Gcreate2")
    attributeExists = try function("H5Aexists")
    openAttribute = try function("H5Aopen")
    openAttributeAt = try function("H5Aopen_by_idx")
    attributeName = try function("H5Aget_name")
    attributeType = try function("H5Aget_type")
    attributeSpace = try function("H5Aget_space")
    readAttribute = try function("H5Aread")
    createAttribute = try function("H5Acreate2")
    writeAttribute = try function("H5Awrite")
    attributeCount = try function("H5Aget_num_attrs")
    setType = try function("H5Dget_type")
    setSpace = try function("H5Dget_space")
    setProperties = try function("H5Dget_create_plist")
    readSet = try function("H5Dread")
    createSet = try function("H5Dcreate2")
    writeSet = try function("H5Dwrite")
    storedBytes = try function("H5Dget_storage_size")
    reclaim = try function("H5Dvlen_reclaim")
    chunkSize = try function("H5Dget_chunk_storage_size")
    readChunk = try function("H5Dread_chunk")
    spaceRank = try function("H5Sget_simple_extent_ndims")
    spaceSizes = try function("H5Sget_simple_extent_dims")
    spaceKind = try function("H5Sget_simple_extent_type")
    createSpace = try function("H5Screate")
    createSimpleSpace = try function("H5Screate_simple")
    select = try function("H5Sselect_hyperslab")
    nativeType = try function("H5Tget_native_type")
    typeClass = try function("H5Tget_class")
    typeSize = try function("H5Tget_size")
    typeSign = try function("H5Tget_sign")
    typeBase = try function("H5Tget_super")
    isVariableText = try function("H5Tis_variable_str")
    memberCount = try function("H5Tget_nmembers")
    memberName = try function("H5Tget_member_name")
    memberOffset = try function("H5Tget_member_offset")
    memberType = try function("H5Tget_member_type")
    memberValue = try function("H5Tget_member_value")
    arrayRank = try function("H5Tget_array_ndims")
    arraySizes = try function("H5Tget_array_dims2")
    copyType = try function("H5Tcopy")
    createType = try function("H5Tcreate")
    insertMember = try function("H5Tinsert")
    createVariable = try function("H5Tvlen_create")
    createEnumeration = try function("H5Tenum_create")
    insertValue = try function("H5Tenum_insert")
    setTypeSize = try function("H5Tset_size")
    setCharacters = try function("H5Tset_cset")
    freeMemory = try function("H5free_memory")
    createProperties = try function("H5Pcreate")
    useMemory = try function("H5Pset_fapl_core")
    setImage = try function("H5Pset_file_image")
    onOtherFile = try function("H5Pset_elink_cb")
    makeParents = try function("H5Pset_create_intermediate_group")
    layout = try function("H5Pget_layout")
    chunkSizes = try function("H5Pget_chunk")
    setChunkSizes = try function("H5Pset_chunk")
    deflate = try function("H5Pset_deflate")
    externalCount = try function("H5Pget_external_count")
    filterCount = try function("H5Pget_nfilters")
    filter = try function("H5Pget_filter2")
    isFilterThere = try function("H5Zfilter_avail")
    onVariableMemory = try function("H5Pset_vlen_mem_manager")
    lockFiles = try? function("H5Pset_file_locking")
    silence = try function("H5Eset_auto2")
    walk = try function("H5Ewalk2")
    // What is open is closed by its owner; the library need not look for it while the process ends.
    let noExitHandler: @convention(c) () -> Int32 = try function("H5dont_atexit")
    _ = noExitHandler()
    let start: @convention(c) () -> Int32 = try function("H5open")
    if start() < 0 { throw Fault(.file, "the HDF5 library does not start") }
    let addFilters: @convention(c) (Name) -> Int32 = try function("H5PLappend")
    for machine in ["x86_64-linux-gnu", "aarch64-linux-gnu"] { _ = addFilters("/usr/lib/\(machine)/hdf5/serial/plugins") }
  }

  /// A value that the library keeps in a variable, which has one only once the library has started: a type or a class of
  /// properties.
  public func constant(_ name: String) throws(Fault) -> HDF5ID {
    try library.variable(name, as: HDF5ID.self)
  }

  /// How many links a group has; nil for what is no group.
  public func linkCount(_ group: HDF5ID) -> UInt64? {
    // H5G_info_t: a number, then the links in 64 bits, and less than 40 bytes in all.
    var words = [UInt64](repeating: 0, count: 8)
    return groupInfo(group, &words) < 0 ? nil : words[1]
  }

  /// What the library says of its last failure, from its depth; empty where it says nothing.
  public var reason: String {
    var text = ""
    withUnsafeMutablePointer(to: &text) { text in
      _ = walk(
        0, 0,
        { place, error, text in
          // One line of its history (H5E_error2_t): three identifiers, a line, and the texts function, file, description.
          guard place == 0, let found = error?.load(fromByteOffset: 48, as: UnsafePointer<CChar>?.self) else { return 0 }
          text?.assumingMemoryBound(to: String.self).pointee = String(cString: found)
          return 0
        }, text)
    }
    return text
  }

  // MARK: One at a time

  private static let loaded = Mutex<HDF5Library?>(nil)
  private static let turn = RecursiveLock()

  /// Calls the library, alone. Throws `.file`, with the package to install, where it is missing.
  public static func use<Result>(_ body: (HDF5Library) throws(Fault) -> Result) throws(Fault) -> Result {
    let library = try load()
    turn.lock()
    defer { turn.unlock() }
    // Its own messages on the error output would stand beside ours; the setting belongs to a thread.
    _ = library.silence(0, nil, nil)
    return try body(library)
  }

  private static func load() throws(Fault) -> HDF5Library {
    if let known = loaded.withLock({ $0 }) { return known }
    turn.lock()
    defer { turn.unlock() }
    if let known = loaded.withLock({ $0 }) { return known }
    let library = try HDF5Library()
    loaded.withLock { $0 = library }
    return library
  }
}

/// A lock that its holder may take again: an object that is let go of inside a call closes itself by another call.
private final class RecursiveLock: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  init() {
    var attributes = pthread_mutexattr_t()
    pthread_mutexattr_init(&attributes)
    pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_RECURSIVE))
    pthread_mutex_init(mutex, &attributes)
    pthread_mutexattr_destroy(&attributes)
  }

  func lock() { pthread_mutex_lock(mutex) }
  func unlock() { pthread_mutex_unlock(mutex) }
}
