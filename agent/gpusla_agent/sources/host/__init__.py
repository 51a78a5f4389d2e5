"""What the node says of itself: processors, memory, clock, network, IMEX and its BMC's sensors."""
