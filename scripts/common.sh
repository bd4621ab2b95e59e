# What the scripts share: where the project is, and how a missing part is installed. Sourced, not run.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# fail MESSAGE: says what is missing and stops.
fail() {
  printf 'error: %s\n' "$1" >&2
  exit 1
}

# as_root COMMAND…: runs it as root, by sudo where that is needed.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
    fail "this needs root to install packages: run it as root, or install by hand: $*"
  fi
}

# need_packages PACKAGE…: installs the Debian packages that are not there yet.
need_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || fail "install these packages first: ${missing[*]}"
  printf 'installing %s\n' "${missing[*]}" >&2
  # The package list may be missing or old; it is fetched only when an install fails without it.
  DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq "${missing[@]}" >/dev/null 2>&1 || {
    as_root apt-get update -qq >/dev/null
    DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq "${missing[@]}" >/dev/null || fail "could not install ${missing[*]}"
  }
}

need_swift() {
  command -v swift >/dev/null || fail "Swift 6 is needed: install a toolchain from swift.org and put it on the PATH"
}

# lay_archives: the archive of libstdc++, alone in a folder, is what the program's link then finds first. Without one the library is
# loaded at each start, as others are.
lay_archives() {
  local compiler archive
  for compiler in clang "$(dirname "$(readlink -f "$(command -v swift)")")/clang" gcc; do
    archive=$("$compiler" -print-file-name=libstdc++.a 2>/dev/null) || continue
    [ -f "$archive" ] || continue
    mkdir -p "$project/.build/static"
    ln -sf "$archive" "$project/.build/static/libstdc++.a"
    return
  done
}

# All from libmd4c-html0 on are loaded when something first asks for them: pages, regular expressions, linear algebra,
# Fourier transforms, HDF5 with the filter of DSEC, what AEDAT 4 is packed by, sound files, pictures; so is libyaml, of
# which the build needs the header.
build_packages=(libedit-dev zlib1g-dev pkg-config libmd4c-dev libyaml-dev libmd4c-html0 libssl3 libpcre2-8-0 libopenblas0-pthread libfftw3-double3
  libhdf5-103-1 hdf5-filter-plugin-blosc-serial liblz4-1 libzstd1 libsndfile1 libpng16-16 libturbojpeg0)
# The recordings of tutorial 11.
tutorial_packages=(asterisk-core-sounds-en-wav asterisk-core-sounds-es-wav asterisk-core-sounds-fr-wav asterisk-core-sounds-it-wav
  asterisk-core-sounds-ru-wav asterisk-prompt-it-menardi-wav)
