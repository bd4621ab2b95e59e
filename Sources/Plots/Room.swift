// The Plots room.
