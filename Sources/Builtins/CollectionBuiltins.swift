import Faults
import Machine
import Tensors

/// Lists, maps, tuples and ranges: what a program does with many values.
let collectionBuiltins: [Builtin] = [
  Builtin(
    "len", [.required("values", .iterable, "a list, tuple, map, string, range or tensor")], returns: "int",
    subject: "collections", "The number of elements; of characters in a string; of the first axis in a tensor.",
    example: "print(len([1, 2, 3]), len(\"héllo\"))   # expect: 3 5"
  ) { (call) throws(Fault) in
    if call[0].asString != nil { try call.machine.checkReading("`len`") }
    if let count = try call.machine.count(of: call[0]) { return .int(count) }
    throw call.mismatch(0, "a list, tuple, map, string, range or tensor")
  },
  Builtin(
    "range",
    [.required("start", .int, "the first, or the end where it is alone"), .optional("stop", .int, default: "start", "the end, not included"),
      .optional("step", .int, default: "1", "the distance; not 0")],
    returns: "range", subject: "collections", "Whole numbers from start up to stop.",
    example: "print(list(range(0, 10, 3)))   # expect: [0, 3, 6, 9]"
  ) { (call) throws(Fault) in
    let step = try call.int(2, default: 1)
    if step == 0 { throw call.wrong(2, "must not be 0") }
    if !call.has(1) { return .range(0, try call.int(0), step: step) }
    return .range(try call.int(0), try call.int(1), step: step)
  },
  Builtin(
    "push", [.required("values", .list, "a list"), .rest("more", .any, "what to add")], returns: "list", subject: "collections",
    "A list with more elements at its end. The list given stays as it was: write `xs += [v]` to grow a variable.",
    example: "print(push([1], 2, 3))   # expect: [1, 2, 3]"
  ) { (call) throws(Fault) in
    let count = call[0].elements?.count ?? 0
    if count + call.restElements.count > call.machine.limits.elements { try call.machine.checkSize(count + call.restElements.count, of: .list) }
    return try call.owningFirst { (list) throws(Fault) in try list.list(replacing: count..<count, by: call.restElements) }
  },
  Builtin(
    "pop", [.required("values", .list, "a list")], returns: "tuple", subject: "collections",
    "The list without its last element, and that element: `let (rest, last) = pop(xs)`.",
    example: "print(pop([1, 2, 3]))   # expect: ([1, 2], 3)"
  ) { (call) throws(Fault) in
    guard let last = call[0].last else { throw call.wrong(0, "is empty") }
    last.retain()
    do throws(Fault) {
      return .pair(try call[0].withoutLast(), last)
    } catch {
      last.release()
      throw error
    }
  },
  Builtin(
    "insert", [.required("values", .list, "a list"), .required("index", .int, "where"), .required("value", .any, "what")],
    returns: "list", subject: "collections", "A list with one more element before the index.",
    example: "print(insert([1, 3], 1, 2))   # expect: [1, 2, 3]"
  ) { (call) throws(Fault) in
    let count = call[0].elements?.count ?? 0
    let index = try call.int(1)
    let place = index < 0 ? index &+ count : index
    guard place >= 0, place <= count else { throw call.wrong(1, "is \(index), outside a list of \(count)") }
    return try call.owningFirst { (list) throws(Fault) in try list.list(replacing: place..<place, by: call.restElements(from: 2)) }
  },
  Builtin(
    "remove", [.required("values", .map | .list, "a map, or a list"), .required("key", .any, "the key, or the index in a list")],
    returns: "map or list", subject: "collections", "A map without a key, or a list without the element at an index.",
    example: "print(remove({a: 1, b: 2}, \"a\"))   # expect: {b: 2}"
  ) { (call) throws(Fault) in
    if call[0].asMap != nil {
      return try call.owningFirst { (map) throws(Fault) in
        if let rest = try call.machine.removing(key: call[1], from: map) { return rest }
        throw call.wrong(1, "is \(call[1].description(of: .quoted)), which is not a key of the map")
      }
    }
    let count = call[0].elements?.count ?? 0
    let index = try call.int(1)
    let place = index < 0 ? index &+ count : index
    guard place >= 0, place < count else { throw call.wrong(1, "is \(index), outside a list of \(count)") }
    return try call.owningFirst { (list) throws(Fault) in try list.list(replacing: place..<place + 1, by: .none) }
  },
  Builtin(
    "keys", [.required("map", .map, "a map")], returns: "list", subject: "collections", "A map's keys in order.",
    example: "print(keys({a: 1, b: 2}))   # expect: [\"a\", \"b\"]"
  ) { (call) throws(Fault) in
    try ListBuilder.build { (list) throws(Fault) in
      try call[0].asMap?.forEachPair { (key, _) throws(Fault) in try list.append(key.retained()) }
    }
  },
  Builtin(
    "values", [.required("map", .map, "a map")], returns: "list", subject: "collections", "A map's values in order.",
    example: "print(values({a: 1, b: 2}))   # expect: [1, 2]"
  ) { (call) throws(Fault) in
    try ListBuilder.build { (list) throws(Fault) in
      try call[0].asMap?.forEachPair { (_, value) throws(Fault) in try list.append(value.retained()) }
    }
  },
  Builtin(
    "has", [.required("map", .map, "a map"), .required("key", .any, "a key")], returns: "bool", subject: "collections",
    "Whether a map has a key; the same as `key in map`.", example: "print(has({a: 1}, \"b\"))   # expect: false"
  ) { (call) throws(Fault) in .bool(try call.machine.contains(call[0], call[1])) },
  Builtin(
    "get", [.required("values", .map | .list, "a map or a list"), .required("key", .any, "a key, or an index"),
      .optional("default", .any, default: "nil", "what to give where it is not there")],
    returns: "any value", subject: "collections", "The value of a key, or the default where there is none.",
    example: "print(get({a: 1}, \"b\", 0))   # expect: 0"
  ) { (call) throws(Fault) in
    if let map = call[0].asMap {
      if call.machine.isKey(call[1]), let value = map.get(call[1]) { return value.retained() }
    } else {
      let elements = try call.elements(0)
      let index = try call.int(1)
      let place = index < 0 ? index + elements.count : index
      if elements.indices.contains(place) { return elements[place].retained() }
    }
    return call.has(2) ? call[2].retained() : .nil
  },
  Builtin(
    "map", [.required("values", .iterable, "what to go through"), .required("f", .function, "a function of one value")],
    returns: "list", subject: "collections", "A function's results for every element.",
    example: "print(map([1, 2, 3], x => x * x))   # expect: [1, 4, 9]"
  ) { (call) throws(Fault) in
    try call.machine.list(of: call[0]) { (value) throws(Fault) in
      defer { value.release() }
      return try call.invoke(call[1], [value])
    }
  },
  Builtin(
    "filter", [.required("values", .iterable, "what to go through"), .required("f", .function, "a function that gives a bool")],
    returns: "list", subject: "collections", "The elements for which a function gives true.",
    example: "print(filter(0..10, x => x % 3 == 0))   # expect: [0, 3, 6, 9]"
  ) { (call) throws(Fault) in
    try ListBuilder.build { (results) throws(Fault) in
      try call.machine.forEach(call[0]) { (value) throws(Fault) in
        defer { value.release() }
        let keeps = try call.invoke(call[1], [value])
        defer { keeps.release() }
        if try call.machine.isTrue(keeps) { try results.append(value.retained()) }
        return true
      }
    }
  },
  Builtin(
    "reduce", [.required("values", .iterable, "what to go through"), .required("f", .function, "a function of the result so far and an element"),
      .optional("initial", .any, default: "the first element", "what to begin with")],
    returns: "any value", subject: "collections", "Folds the elements into one value, from the left.",
    example: "print(reduce([1, 2, 3], (a, b) => a + b))   # expect: 6"
  ) { (call) throws(Fault) in
    var result: Value? = call.has(2) ? call[2].retained() : nil
    try call.machine.forEach(call[0]) { (value) throws(Fault) in
      guard let soFar = result else {
        result = value
        return true
      }
      result = nil
      defer {
        value.release()
        soFar.release()
      }
      result = try call.invoke(call[1], [soFar, value])
      return true
    }
    guard let result else { throw call.wrong(0, "is empty, and no `initial` is given") }
    return result
  },
  Builtin(
    "zip", [.rest("values", .iterable, "two or more")], returns: "list", subject: "collections",
    "Tuples of elements at the same place, as many as the shortest has.",
    example: "print(zip([1, 2], [\"a\", \"b\"]))   # expect: [(1, \"a\"), (2, \"b\")]"
  ) { (call) throws(Fault) in
    var columns: [[Value]] = []
    defer { columns.forEach { $0.forEach { $0.release() } } }
    for source in call.rest { columns.append(try call.machine.collect(source)) }
    let count = columns.map(\.count).min() ?? 0
    return try ListBuilder.build(capacity: count) { (list) throws(Fault) in
      for row in 0..<count { try list.append(.tuple(columns.map { $0[row].retained() })) }
    }
  },
  Builtin(
    "enumerate", [.required("values", .iterable, "what to go through"), .optional("start", .int, default: "0", "the first number")],
    returns: "list", subject: "collections", "Tuples of a number and an element.",
    example: "print(enumerate([\"a\", \"b\"]))   # expect: [(0, \"a\"), (1, \"b\")]"
  ) { (call) throws(Fault) in
    var number = try call.int(1, default: 0)
    return try call.machine.list(of: call[0]) { (value) throws(Fault) in
      defer { number &+= 1 }
      return .tuple([.int(number), value])
    }
  },
  Builtin(
    "sort", [.required("values", .iterable, "what to sort"), .optional("by", .function, default: "the element itself", "gives what to compare"),
      .optional("descending", .bool, default: "false", "largest first")],
    returns: "list or tensor", subject: "collections",
    "The elements in order; equal ones stay in theirs, nan comes last. A tensor is sorted along its last axis.",
    example: "print(sort([\"pear\", \"fig\"], by=len))   # expect: [\"fig\", \"pear\"]"
  ) { (call) throws(Fault) in try sorted(call) },
  Builtin(
    "sorted", [.required("values", .iterable, "what to sort"), .optional("by", .function, default: "the element itself", "gives what to compare"),
      .optional("descending", .bool, default: "false", "largest first")],
    returns: "list or tensor", subject: "collections", "The same as `sort`.", example: "print(sorted([3, 1, 2]))   # expect: [1, 2, 3]"
  ) { (call) throws(Fault) in try sorted(call) },
  Builtin(
    "reverse", [.required("values", .iterable, "a list, tuple, string or range")], returns: "list or string",
    subject: "collections", "The elements from last to first.", example: "print(reverse([1, 2, 3]), reverse(\"abc\"))   # expect: [3, 2, 1] cba"
  ) { (call) throws(Fault) in
    if let text = call[0].asString { return .string(try reversed(text)) }
    return try call.machine.withElements(of: call[0]) { (elements) throws(Fault) in
      try ListBuilder.build(call[0].tag == .tuple ? .tuple : .list, capacity: elements.count) { (list) throws(Fault) in
        for element in elements.reversed() { try list.append(element.retained()) }
      }
    }
  },
  Builtin(
    "index_of", [.required("values", .iterable, "a list or a string"), .required("value", .any, "what to look for")],
    returns: "int or nil", subject: "collections", "The first place of a value, or nil.",
    example: "print(index_of([4, 5, 6], 5))   # expect: 1"
  ) { (call) throws(Fault) in
    if let text = call[0].asString {
      let part = try call.string(1)
      return try firstPlace(of: part, in: text).map { .int($0) } ?? .nil
    }
    var index = 0
    var found: Int?
    try call.machine.forEach(call[0]) { (value) throws(Fault) in
      defer { value.release() }
      if try call.machine.equal(value, call[1]) {
        found = index
        return false
      }
      index += 1
      return true
    }
    return found.map { .int($0) } ?? .nil
  },
  Builtin(
    "count", [.required("values", .iterable, "a list or a string"), .required("value", .any, "what to count, or a function that gives a bool")],
    returns: "int", subject: "collections", "How often a value occurs, or for how many elements a function gives true.",
    example: "print(count([1, 2, 1], 1), count(\"banana\", \"a\"))   # expect: 2 3"
  ) { (call) throws(Fault) in
    if let text = call[0].asString {
      let part = try call.string(1)
      if part.isEmpty { throw call.wrong(1, "is empty") }
      return .int(try occurrences(of: part, in: text))
    }
    var count = 0
    let isTest = call[1].isCallable
    try call.machine.forEach(call[0]) { (value) throws(Fault) in
      defer { value.release() }
      if isTest {
        let keeps = try call.invoke(call[1], [value])
        defer { keeps.release() }
        if try call.machine.isTrue(keeps) { count += 1 }
      } else if try call.machine.equal(value, call[1]) {
        count += 1
      }
      return true
    }
    return .int(count)
  },
  Builtin(
    "unique", [.required("values", .iterable, "a list")], returns: "list", subject: "collections",
    "The elements without repetitions, in the order of their first occurrence.", example: "print(unique([3, 1, 3]))   # expect: [3, 1]"
  ) { (call) throws(Fault) in
    try uniqueElements(call)
  },
]
