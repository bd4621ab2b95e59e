// The Builtins room.
