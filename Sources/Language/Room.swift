// The Language room.
