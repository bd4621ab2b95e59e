// The Tensors room.
