// The Sessions room.
