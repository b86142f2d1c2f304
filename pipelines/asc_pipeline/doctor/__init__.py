"""Whether a run would work: asks this machine, Apple and the destination, and changes nothing."""
