"""Which networks exist: encode, sample, mutate, cross over, build as a torch module."""
