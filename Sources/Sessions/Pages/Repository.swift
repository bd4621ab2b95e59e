// Where a script stands in its git repository, so that a page names the state of the code behind it.

import Formats
import Glibc
import Texts

/// The commit that a script's repository is at, and what has changed since; nil where the script is in none, or there is no
/// git.
func repositoryState(of path: String) -> String? {
  let slash = path.lastIndex(of: "/")
  let folder = slash.map { String(path[...$0]) } ?? "."
  let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
  guard let commit = gitOutput(["rev-parse", "--verify", "HEAD"], in: folder), !commit.isEmpty,
    let own = gitOutput(["status", "--porcelain", "--ignored", "--", name], in: folder),
    let all = gitOutput(["status", "--porcelain", "--untracked-files=no"], in: folder)
  else { return nil }
  if own.hasPrefix("??") || own.hasPrefix("!!") { return "\(commit), which does not hold the script" }
  if !own.isEmpty { return "\(commit), and the script has changed since" }
  return all.isEmpty ? commit : "\(commit), and other files have changed since"
}

/// What git prints, without the last line end; nil where it fails.
private func gitOutput(_ arguments: [String], in folder: String) -> String? {
  // A repository may name programs in its settings; none of them is to run.
  let words = ["git", "-C", folder, "-c", "core.fsmonitor=false", "--no-optional-locks"] + arguments
  guard let pipe = popen(words.map(shellQuoted).joined(separator: " ") + " 2>/dev/null </dev/null", "r") else { return nil }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 4096)
  while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0, bytes.count < 1 << 20 { bytes += chunk[..<count] }
  guard pclose(pipe) == 0 else { return nil }
  return withoutLastNewline(String(decoding: bytes, as: UTF8.self))
}
