// The Spiking room.
